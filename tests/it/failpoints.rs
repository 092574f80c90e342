//! Nothing half-done, ever: every command that changes something is made to fail at each of its
//! writes in turn, the commit and what is written with it included. It is answered 503, the database
//! and every decision stay as they were, and the same call succeeds once nothing fails any more.
//!
//! The failures come from the database itself: see `fuse.rs`.

mod cases;
mod fuse;
pub mod world;

use crate::host_entities::stage::contracts;
use crate::sidecar::{Reply, TestSidecar};
use cases::{Case, cases};
use conclave::http::router::admin_endpoints;
use fuse::{Fault, Fuse};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use world::Template;

/// Revision, `commits`, `changes`, `audit`, and something that is changed.
const WRITES_MIN: u32 = 5;

#[test]
fn every_endpoint_that_changes_something_has_a_case() {
    let changes = admin_endpoints().into_iter().filter(|(endpoint, _)| endpoint.method != "GET");
    let routed: BTreeSet<String> =
        changes.map(|(endpoint, _)| format!("{} {}", endpoint.method, endpoint.path)).collect();
    let tried: BTreeSet<String> = cases().into_iter().map(|case| case.endpoint.to_owned()).collect();
    assert_eq!(tried, routed, "each endpoint but GET wants a row in tests/it/failpoints/cases.rs");
}

/// A server on a world of its own, and what must stay as it is.
struct Run<'a> {
    case: &'a Case,
    template: &'a Template,
    sidecar: TestSidecar,
    fuse: Fuse,
    keyed: bool,
}

impl<'a> Run<'a> {
    async fn start(case: &'a Case, template: &'a Template, keyed: bool) -> Self {
        let sidecar = contracts().on(&template.database).start().await;
        let fuse = Fuse::install(&sidecar.database()).await;
        Self { case, template, sidecar, fuse, keyed }
    }

    /// Fails at each write in turn, then at the commit, and then succeeds. How many writes there are.
    async fn run(mut self) -> u32 {
        let (content, decisions) = (self.fuse.dump().await, self.decisions().await);
        self.unharmed(Fault::Commit, &content, &decisions).await;
        let mut writes = 0;
        loop {
            let fault = Fault::at(writes, self.keyed);
            self.fuse.set(fault).await;
            let reply = self.call().await;
            if reply.status < 300 {
                break self.succeeded(writes, &content, &reply).await;
            }
            self.compare(fault, &reply, &content, &decisions).await;
            writes += 1;
        }
    }

    async fn unharmed(&mut self, fault: Fault, content: &[String], decisions: &Value) {
        self.fuse.set(fault).await;
        let reply = self.call().await;
        self.compare(fault, &reply, content, decisions).await;
    }

    async fn compare(&mut self, fault: Fault, reply: &Reply, content: &[String], decisions: &Value) {
        let name = format!("{} {fault:?}, with a key: {}", self.case.endpoint, self.keyed);
        assert_eq!(reply.status, 503, "{name}: {}", reply.body);
        assert_eq!(reply.content_type, "application/problem+json", "{name}");
        let now = self.fuse.dump().await;
        let differ: Vec<_> = content.iter().zip(&now).filter(|(before, after)| before != after).collect();
        assert!(now.len() == content.len() && differ.is_empty(), "{name} left something behind: {differ:#?}");
        assert_eq!(self.decisions().await, *decisions, "{name}");
    }

    async fn succeeded(mut self, writes: u32, content: &[String], reply: &Reply) -> u32 {
        let name = self.case.endpoint;
        assert!(!self.fuse.has_blown().await, "{name} succeeds although its write {writes} failed");
        assert_ne!(self.fuse.dump().await, content, "{name} changes nothing, so nothing was tried");
        if self.keyed {
            // The failures before it were remembered by nobody, the success is.
            self.fuse.set(Fault::Commit).await;
            let again = self.call().await;
            assert_eq!((again.status, again.revision), (reply.status, reply.revision), "{name} {}", again.body);
        }
        self.fuse.remove().await;
        self.sidecar.stop().await;
        writes
    }

    async fn call(&self) -> Reply {
        let (method, _) = self.case.endpoint.split_once(' ').unwrap();
        let path = format!("/admin/v1{}", self.template.fill(self.case.path));
        let key = [("idempotency-key", "once")];
        let headers = if self.keyed { &key[..] } else { &[] };
        self.sidecar.send_with(method, &path, true, self.case.actor, &self.case.body, headers).await
    }

    /// Everybody's rights on whatever the cases touch, and the revision they are answered at.
    async fn decisions(&self) -> Value {
        let reply = self.sidecar.access("/v1/is_authorized/batch", json!({"requests": world::questions()}).to_string());
        let reply = reply.await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    }
}

async fn fail_everywhere(keyed: bool) {
    let template = Template::get().await;
    for case in &cases() {
        let writes = Run::start(case, template, keyed).await.run().await;
        // A key adds a row of its own.
        let least = WRITES_MIN + u32::from(keyed);
        assert!(writes >= least, "{} fails at {writes} places only", case.endpoint);
    }
}

#[tokio::test]
async fn a_command_that_fails_at_any_write_leaves_everything_as_it_was() {
    fail_everywhere(false).await;
}

#[tokio::test]
async fn a_command_with_a_key_that_fails_at_any_write_leaves_everything_as_it_was() {
    fail_everywhere(true).await;
}
