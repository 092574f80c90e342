//! The readers of every question.

use super::Target;
use super::stage::{Reply, Server, Stage};
use axum::body::Body;
use axum::http::Request;
use serde::de::IgnoredAny;

/// The first byte of an input, modulo their number, says where the rest is sent: `0` is the first.
const PATHS: [&str; 8] = [
    "/v1/is_authorized",
    "/v1/is_authorized/batch",
    "/v1/explain",
    "/access/v1/evaluation",
    "/access/v1/evaluations",
    "/access/v1/search/subject",
    "/access/v1/search/resource",
    "/access/v1/search/action",
];

/// Bodies of the access listener.
pub struct Decisions {
    stage: Stage,
    server: Server,
}

impl Target for Decisions {
    fn new() -> Self {
        let mut stage = Stage::new();
        let server = stage.server();
        Self { stage, server }
    }

    fn run(&mut self, input: &[u8]) {
        let Some((first, body)) = input.split_first() else { return };
        let path = PATHS[usize::from(*first) % PATHS.len()];
        // Of questions that are cached the second is answered without the router; of those that ask for leave to send,
        // none is.
        let asked = [false, false, true].map(|asks_first| self.stage.answer(self.ask(path, body, asks_first)));
        for reply in &asked {
            assert_eq!(reply.fault(), None, "{path}");
            assert_eq!(reply, &asked[0], "{path}: an answer depends on the way that its question took");
        }
        // What does not read as JSON at all is no question, whatever is passed over in one.
        if serde_json::from_slice::<IgnoredAny>(body).is_err() {
            assert!(asked[0].status >= 400, "{path}: {asked:?}");
        }
        assert_eq!(self.server.app.check.mismatches(), 0, "Cedar's own authorizer decides otherwise");
    }
}

impl Decisions {
    async fn ask(&self, path: &str, body: &[u8], asks_first: bool) -> Reply {
        let mut request = Request::post(path).header("content-type", "application/json");
        if asks_first {
            request = request.header("expect", "100-continue");
        }
        self.server.access(request.body(Body::from(body.to_vec())).unwrap()).await
    }
}
