use super::*;

fn read(values: &[&[u8]]) -> Result<Option<String>, u16> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(KEY, HeaderValue::from_bytes(value).unwrap());
    }
    key(&headers).map_err(|problem| problem.status.as_u16())
}

#[test]
fn a_key_is_one_text_of_bounded_length() {
    let longest = [b'k'; IDEMPOTENCY_KEY_CHARACTERS_MAX];
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[b"\"quoted\" and not"]), Ok(Some("\"quoted\" and not".to_owned())));
    assert!(read(&[&longest]).is_ok());
    assert_eq!(read(&[&[b'k'; IDEMPOTENCY_KEY_CHARACTERS_MAX + 1]]), Err(422));
    for bad in [&[&b""[..]][..], &["é".as_bytes()], &[b"a", b"a"]] {
        assert_eq!(read(bad), Err(400), "{bad:?}");
    }
}

#[test]
fn keys_of_two_callers_are_two_keys() {
    let anna = UserId::new("anna").unwrap();
    assert_ne!(key_hash(Some(&anna), "k"), key_hash(None, "k"));
    assert_ne!(key_hash(Some(&anna), "k"), key_hash(None, "annak"));
    assert_eq!(key_hash(Some(&anna), "k"), key_hash(Some(&anna), "k"));
}

#[test]
fn what_is_shown_once_is_not_kept() {
    let kept = |text: &'static str| String::from_utf8(without_secret(&Bytes::from_static(text.as_bytes()))).unwrap();
    assert_eq!(kept(r#"{"id":"i","token":"secret"}"#), r#"{"id":"i"}"#);
    for whole in ["", "[1]", r#"{ "id": "i" }"#, r#"{"next_page_token":"x"}"#] {
        assert_eq!(kept(whole), whole);
    }
}
