//! A client for host applications: typed questions, answers that cannot be mistaken, and a guard for axum's routes.
//!
//! Behind the feature `client`. Knows `domain`, `tls`, what is on the wire, and nothing else of this crate.
//!
#![doc = include_str!("../docs/client.md")]

mod answer;
mod ask;
mod backoff;
mod connect;
mod error;
mod exchange;
mod guard;
pub mod limits;
mod query;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use ask::{Ask, AskAll};
pub use error::{ClientError, Refusal};
pub use guard::{Guard, Guarded, Incoming, Known, Principal, Unknown};
pub use query::{Action, Query};

pub use crate::tls::{TlsError, Trust};

use crate::domain::EntityUid;
use connect::Way;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Asks one sidecar. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: legacy::Client<Way, Full<Bytes>>,
    /// Without a slash at its end.
    base: Arc<str>,
    deadline: Duration,
    /// What is sent as `Authorization`; does not print itself.
    token: Option<HeaderValue>,
}

impl Client {
    /// A client of the sidecar at `url`, such as `http://127.0.0.1:7180`. Connects when the first question is asked.
    ///
    /// # Errors
    /// [`ClientError::Address`] if this is no `http` URL of a server.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::build(&address(url, "http")?, Way::Plain)
    }

    /// A client of the sidecar at `url`, such as `https://pdp.example.org:7180`, that listens with TLS.
    ///
    /// # Errors
    /// [`ClientError::Address`] if this is no `https` URL of a server.
    pub fn tls(url: &str, trust: &Trust) -> Result<Self, ClientError> {
        Self::build(&address(url, "https")?, Way::Tls(trust.clone()))
    }

    /// A client of the sidecar that listens on the Unix socket `path`.
    ///
    /// # Errors
    /// [`ClientError::Address`] if no client can be made.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        // The host is sent and means nothing.
        Self::build("http://sidecar", Way::Unix(path.as_ref().into()))
    }

    /// The same client with another bound on the whole time of a question, retries included. The default is
    /// [`limits::DEADLINE`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same client with a token, for a sidecar that asks for one: one with the scope `decide`, or a signed one
    /// that speaks for the principal of each question.
    ///
    /// # Errors
    /// [`ClientError::Token`] if the text cannot be sent.
    pub fn with_token(mut self, token: &str) -> Result<Self, ClientError> {
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ClientError::Token)?;
        value.set_sensitive(true);
        self.token = Some(value);
        Ok(self)
    }

    /// May this principal do this action on this resource? Asked by `.await` or by [`Ask::allows`].
    pub fn is_authorized(&self, principal: EntityUid, action: impl Into<Action>, resource: EntityUid) -> Ask<'_> {
        self.ask(Query::new(principal, action, resource))
    }

    /// The same for a question that is at hand.
    pub const fn ask(&self, query: Query) -> Ask<'_> {
        Ask::new(self, query)
    }

    /// Several questions, answered in their order and from one state of the store. A sidecar takes 500 at a time
    /// unless configured otherwise.
    pub fn ask_all(&self, queries: impl IntoIterator<Item = Query>) -> AskAll<'_> {
        AskAll::new(self, queries.into_iter().collect())
    }

    fn build(base: &str, way: Way) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/');
        // What cannot be an address now will not be one when a question is asked.
        base.parse::<Uri>().map_err(|error| ClientError::Address(format!("`{base}` is no address: {error}")))?;
        let mut http = legacy::Client::builder(TokioExecutor::new());
        let http = http.pool_timer(TokioTimer::new()).pool_idle_timeout(limits::IDLE_MAX).build(way);
        Ok(Self { http, base: base.into(), deadline: limits::DEADLINE, token: None })
    }
}

/// The address of a sidecar.
fn address(url: &str, scheme: &str) -> Result<String, ClientError> {
    let refused = |why: &str| ClientError::Address(format!("`{url}` {why}"));
    let parsed = Url::parse(url).map_err(|error| refused(&format!("is no URL: {error}")))?;
    if parsed.scheme() != scheme || !parsed.has_host() {
        let other = if scheme == "http" { "; `Client::tls` takes one of `https`" } else { "" };
        return Err(refused(&format!("must be like `{scheme}://127.0.0.1:7180`{other}")));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(ClientError::Address(
            "an address takes no name and no password: see `Client::with_token`".to_owned(),
        ));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refused("must have neither query nor fragment"));
    }
    Ok(parsed.into())
}
