use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The key and the signed text of RFC 7515, appendix A.2.
const RFC_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const RFC_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

fn issuer(keys: &str) -> Issuer {
    issuer_of(keys, JwtAlgorithm::ALL.to_vec())
}

fn issuer_of(keys: &str, algorithms: Vec<JwtAlgorithm>) -> Issuer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, keys).unwrap();
    let jwt = Jwt {
        jwks_file: Some(file),
        issuer: Some("joe".to_owned()),
        audience: Some("conclave".to_owned()),
        algorithms,
        ..Jwt::default()
    };
    Issuer::read(&jwt, 0).unwrap().unwrap()
}

#[test]
fn an_rsa_signature_is_checked_before_what_it_signs() {
    let issuer = issuer(&format!("{{\"keys\":[{RFC_KEY}]}}"));
    let reason = |token: &str| issuer.principal(token.as_bytes(), 0).unwrap_err().to_string();
    assert!(reason(RFC_TOKEN).contains("is missing"), "{}", reason(RFC_TOKEN));
    let tampered = RFC_TOKEN.replacen("cC4h", "cC4i", 1);
    assert!(reason(&tampered).contains("signature"), "{}", reason(&tampered));
}

/// The signature would be right both times.
#[test]
fn a_signature_is_made_in_a_way_that_configuration_and_key_both_name() {
    let keys = format!("{{\"keys\":[{RFC_KEY}]}}");
    let reason = |issuer: &Issuer| issuer.principal(RFC_TOKEN.as_bytes(), 0).unwrap_err().to_string();
    let other = issuer_of(&keys, vec![JwtAlgorithm::RS512, JwtAlgorithm::PS256]);
    assert!(reason(&other).contains("not taken here"), "{}", reason(&other));
    let narrow = issuer(&keys.replace("\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"alg\":\"PS256\""));
    assert!(reason(&narrow).contains("another algorithm"), "{}", reason(&narrow));
}

fn parse(keys: &Value) -> Result<Keys, String> {
    Keys::parse(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn a_file_of_keys_holds_public_keys_each_with_an_id_of_its_own() {
    let rsa: Value = serde_json::from_str(RFC_KEY).unwrap();
    let with = |name: &str, value: Value| {
        let mut changed = rsa.clone();
        changed[name] = value;
        changed
    };
    let (a, b) = (with("kid", json!("a")), with("kid", json!("b")));
    assert!(parse(&json!([rsa])).is_ok());
    let two = parse(&json!([a, b])).unwrap();
    assert!(two.find(Some("a")).is_some() && two.find(Some("c")).is_none() && two.find(None).is_none());
    assert!(parse(&json!([rsa])).unwrap().find(None).is_some());
    // What is not known here is passed over, as long as something is left.
    for odd in [json!({"kty": "new", "kid": "x"}), with("use", json!("enc")), with("alg", json!("RSA-OAEP")), json!({})]
    {
        let keys = parse(&json!([odd.clone(), a])).unwrap();
        assert!(keys.find(None).is_some(), "{odd}");
        assert!(parse(&json!([odd])).is_err());
    }
    let narrow = parse(&json!([with("alg", json!("PS256"))])).unwrap();
    let key = narrow.find(None).unwrap();
    assert!(key.signs_by(Algorithm::PS256) && !key.signs_by(Algorithm::RS256) && !key.signs_by(Algorithm::HS256));

    let secret = "c0ffee00c0ffee00";
    for (keys, detail) in [
        (json!([]), "no key"),
        (json!([a, a]), "`keys[1]`"),
        (json!([rsa, rsa]), "`keys[1]`"),
        (json!([a, with("d", json!(secret))]), "`keys[1]`"),
        (json!([{"kty": "oct", "k": secret, "kid": "x"}, a]), "`keys[0]`"),
        (json!(vec![json!({}); 101]), "at most 100"),
        (json!(secret), "no JWK set"),
        (json!([secret]), "no JWK set"),
    ] {
        let error = parse(&keys).err().unwrap();
        assert!(error.contains(detail) && !error.contains(secret), "{error}");
    }
    for text in ["", "{", "[]", "null", "{\"keys\":1}", "\u{feff}{}"] {
        assert!(Keys::parse(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever a token is made of, it speaks for nobody, and the reason repeats nothing of it.
    #[test]
    fn no_text_is_a_token_by_chance(
        head in prop_oneof!["[A-Za-z0-9_-]{0,40}", Just("eyJhbGciOiJSUzI1NiJ9".to_owned()), Just("eyJhbGciOiJub25lIn0".to_owned())],
        rest in "[A-Za-z0-9_.=-]{0,60}",
        bytes in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let issuer = issuer(&format!("{{\"keys\":[{RFC_KEY}]}}"));
        let text = [head, rest].join(".");
        prop_assert!(issuer.principal(text.as_bytes(), 0).is_err());
        prop_assert!(issuer.principal(&bytes, 0).is_err());
    }

    /// Whatever stands in a file of keys, reading it ends.
    #[test]
    fn any_file_of_keys_is_read_or_refused(text in "(\\{\"keys\":\\[)?[\\[\\]{}\":,a-z0-9]{0,60}") {
        let _ = Keys::parse(text.as_bytes());
    }
}
