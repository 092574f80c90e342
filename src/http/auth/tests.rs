use super::*;

fn read(values: &[&'static str]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::AUTHORIZATION, value.parse().unwrap());
    }
    bearer(&headers).map(|token| String::from_utf8_lossy(token).into_owned())
}

#[test]
fn the_token_stands_in_one_bearer_header() {
    assert_eq!(read(&["Bearer abc"]).as_deref(), Some("abc"));
    assert_eq!(read(&["bearer  abc "]).as_deref(), Some("abc"));
    assert_eq!(read(&[]), None);
    assert_eq!(read(&["Basic abc"]), None);
    assert_eq!(read(&["Bearer"]), None);
    assert_eq!(read(&["Bearer abc", "Bearer abc"]), None);
}

fn peer(uid: u32, same_user: bool) -> Peer {
    Peer { uid: Some(uid), same_user }
}

#[test]
fn over_a_socket_the_servers_own_user_is_let_in_unless_others_are_listed() {
    let default = Auth::default();
    assert!(default.is_admin(&peer(7, true)));
    assert!(!default.is_admin(&peer(7, false)));
    let listed = Auth { admin_uids: vec![Uid(1000), Uid(0)], ..Auth::default() };
    assert!(listed.is_admin(&peer(1000, false)) && listed.is_admin(&peer(0, false)));
    assert!(!listed.is_admin(&peer(7, true)), "the list is all of them");
    assert!(!listed.is_admin(&Peer { uid: None, same_user: false }), "nobody in particular");
}

#[test]
fn who_is_not_listed_may_not_ask_over_the_access_socket() {
    let auth = Auth { access_uids: vec![Uid(1000)], ..Auth::default() };
    let ask = |peer: Option<Peer>| auth.asker(&HeaderMap::new(), peer.as_ref(), 0).map_err(|problem| problem.status);
    assert_eq!(ask(Some(peer(1000, false))).ok(), Some(Asker::Host));
    assert_eq!(ask(Some(peer(1001, true))).err(), Some(StatusCode::FORBIDDEN));
    assert_eq!(ask(Some(Peer { uid: None, same_user: false })).err(), Some(StatusCode::FORBIDDEN));
    assert_eq!(ask(None).err(), Some(StatusCode::FORBIDDEN));
}

#[test]
fn an_open_listener_asks_nobody() {
    assert!(Auth::default().is_access_open());
    assert_eq!(Auth::default().asker(&HeaderMap::new(), None, 0).ok(), Some(Asker::Host));
}
