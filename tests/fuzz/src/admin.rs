//! Bodies, paths and queries of the admin listener.

use super::Target;
use super::stage::{Server, Stage};
use axum::body::Body;
use axum::http::{Method, Request, Uri};

/// After so many changes the database is examined, and another one taken.
const CHANGES_MAX: usize = 200;

/// An input is a line `METHOD PATH`, or `METHOD PATH ACTOR`, and a body.
pub struct Admin {
    stage: Stage,
    server: Option<Server>,
    /// What changed the database: what is found may take more than the last of them.
    changes: Vec<String>,
}

impl Target for Admin {
    fn new() -> Self {
        let mut stage = Stage::new();
        let server = Some(stage.server());
        Self { stage, server, changes: Vec::new() }
    }

    fn run(&mut self, input: &[u8]) {
        let Some(call) = Call::read(input) else { return };
        let server = self.server.get_or_insert_with(|| self.stage.server());
        let (before, reply, after) = self.stage.answer(async {
            let before = server.revision().await;
            (before, server.host(call.request()).await, server.revision().await)
        });
        let history = || format!("{}\n{reply:?}\nafter {:#?}", String::from_utf8_lossy(input), self.changes);
        assert_eq!(reply.fault(), None, "{}", history());
        let may_change = reply.status < 300 && call.method != Method::GET && call.method != Method::HEAD;
        assert!(after == before || may_change, "{} changed the database, from {before} to {after}", history());
        let stranger = self.stage.answer(server.admin(call.request()));
        let is_open = ["/healthz", "/readyz"].contains(&call.target.path());
        assert!(stranger.status == 401 || is_open, "without the token: {} {stranger:?}", history());
        if after != before {
            self.changes.push(String::from_utf8_lossy(input).into_owned());
        }
        if self.changes.len() >= CHANGES_MAX {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        let Some(server) = self.server.take() else { return };
        assert_eq!(self.stage.end(&server), None, "broken by {changes:#?}");
    }
}

struct Call<'a> {
    method: Method,
    target: Uri,
    actor: Option<&'a [u8]>,
    body: &'a [u8],
}

impl<'a> Call<'a> {
    /// `None` for what no HTTP request can say.
    fn read(input: &'a [u8]) -> Option<Self> {
        let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
        let (line, rest) = input.split_at(end);
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let method = Method::from_bytes(words.next()?).ok()?;
        // axum answers HEAD as GET, and hyper takes the body off; here there is no hyper.
        if method == Method::CONNECT || method == Method::HEAD {
            return None;
        }
        let target: Uri = Uri::try_from(words.next()?).ok().filter(|target: &Uri| target.path().starts_with('/'))?;
        let actor = words.next().filter(|actor| axum::http::HeaderValue::from_bytes(actor).is_ok());
        Some(Self { method, target, actor, body: rest.strip_prefix(b"\n").unwrap_or(rest) })
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method.clone()).uri(self.target.clone());
        if let Some(actor) = self.actor {
            request = request.header("conclave-actor", actor);
        }
        request.body(Body::from(self.body.to_vec())).unwrap()
    }
}
