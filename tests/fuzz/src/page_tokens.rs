//! Tokens of pages: of lists and of searches.

use super::Target;
use super::stage::{Reply, Server, Stage};
use axum::body::Body;
use axum::http::Request;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

/// Lists of the admin listener that have more than one page of one row.
const LISTS: [&str; 6] = [
    "/admin/v1/users?limit=1",
    "/admin/v1/groups?limit=1",
    "/admin/v1/subscriptions?limit=1",
    "/admin/v1/groups/company/members?limit=1",
    "/admin/v1/audit?limit=1",
    "/admin/v1/directory?name=sales&activity=other&limit=1",
];

/// How long a token may be that was put together here, in characters.
const TOKEN_CHARACTERS_MAX: usize = 20_000;

/// The first byte of an input says whose token, the second whether the rest is the token (`t`), its bytes in
/// hexadecimal (`h`), or what to change in a real one: three bytes for each change.
pub struct PageTokens {
    stage: Stage,
    server: Server,
    /// Of each list and search the token of its second page, where it has one.
    real: Vec<Option<String>>,
}

impl Target for PageTokens {
    fn new() -> Self {
        let mut stage = Stage::new();
        let server = stage.server();
        let lists = LISTS.len() + searches().len();
        let mut target = Self { stage, server, real: vec![None; lists] };
        for which in 0..lists {
            let first = target.ask(which, None);
            assert_eq!(first.fault(), None, "{which}");
            target.real[which] = next(&first);
        }
        assert!(target.real.iter().flatten().count() >= 5, "nothing has pages: {:?}", target.real);
        target
    }

    fn run(&mut self, input: &[u8]) {
        let [which, manner, rest @ ..] = input else { return };
        let which = usize::from(*which) % self.real.len();
        let real = self.real[which].clone().unwrap_or_default();
        let token = match manner {
            b't' => String::from_utf8_lossy(rest).into_owned(),
            b'h' => rest.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect(),
            _ => altered(&real, rest),
        };
        if token.len() > TOKEN_CHARACTERS_MAX {
            return;
        }
        let reply = self.ask(which, Some(&token));
        assert_eq!(reply.fault(), None, "{which} {token}");
        if token == real && !token.is_empty() {
            assert_eq!(reply.status, 200, "{reply:?}");
        } else if which < LISTS.len() || !token.is_empty() {
            assert!(reply.status >= 400, "a made-up token is taken: {token}");
        }
        if let Some(token) = next(&reply) {
            assert_eq!(self.ask(which, Some(&token)).status, 200, "{token}");
        }
    }
}

impl PageTokens {
    fn ask(&self, which: usize, token: Option<&str>) -> Reply {
        self.stage.answer(async {
            match LISTS.get(which) {
                Some(list) => self.server.host(list_request(list, token)).await,
                None => self.server.access(search_request(which - LISTS.len(), token)).await,
            }
        })
    }
}

fn list_request(list: &str, token: Option<&str>) -> Request<Body> {
    let token = token.map(|token| format!("&page_token={}", percent_encode(token.as_bytes(), NON_ALPHANUMERIC)));
    Request::get(format!("{list}{}", token.unwrap_or_default())).body(Body::empty()).unwrap()
}

/// Path and body of each search.
fn searches() -> [(&'static str, Value); 3] {
    let subject = json!({"type": "User", "id": "director"});
    let resource = json!({"type": "Tool", "id": "group:company/documents"});
    let action = json!({"name": "view"});
    [
        ("subject", json!({"subject": {"type": "User"}, "action": action, "resource": resource})),
        ("resource", json!({"subject": subject, "action": action, "resource": {"type": "Tool"}})),
        ("action", json!({"subject": subject, "resource": resource})),
    ]
}

fn search_request(which: usize, token: Option<&str>) -> Request<Body> {
    let (path, mut body) = searches()[which].clone();
    body["page"] = json!({"limit": 1, "token": token});
    let request = Request::post(format!("/access/v1/search/{path}")).header("content-type", "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

/// The token that an answer ends with.
fn next(reply: &Reply) -> Option<String> {
    let body = reply.json();
    let token = [&body["next_page_token"], &body["page"]["next_token"]].into_iter().find_map(Value::as_str);
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}

/// The lower half of a byte.
fn digit(byte: u8) -> char {
    char::from_digit(u32::from(byte % 16), 16).unwrap()
}

/// A token with some characters replaced, inserted or left out.
fn altered(token: &str, changes: &[u8]) -> String {
    let mut characters: Vec<char> = token.chars().collect();
    for change in changes.chunks_exact(3) {
        let at = usize::from(change[0]) * 2 % (characters.len() + 1);
        let character = digit(change[2]);
        match change[1] % 3 {
            0 if at < characters.len() => characters[at] = character,
            1 if at < characters.len() => drop(characters.remove(at)),
            _ => characters.insert(at, character),
        }
    }
    characters.into_iter().collect()
}
