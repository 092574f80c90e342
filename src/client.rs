//! A client for host applications: typed questions, answers that cannot be mistaken, and a guard for axum's routes.
//!
//! Behind the feature `client`. Knows `domain`, what is on the wire, and nothing else of this crate.
//!
#![doc = include_str!("../docs/client.md")]

mod answer;
mod ask;
mod backoff;
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

use crate::domain::EntityUid;
use reqwest::Url;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Asks one sidecar. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
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
        let refused = |why: &str| ClientError::Address(format!("`{url}` {why}"));
        let parsed = Url::parse(url).map_err(|error| refused(&format!("is no URL: {error}")))?;
        if parsed.scheme() != "http" || !parsed.has_host() {
            return Err(refused("must be like `http://127.0.0.1:7180`: the sidecar speaks plain HTTP"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(refused("must have neither query nor fragment"));
        }
        Self::build(parsed.as_str(), reqwest::Client::builder())
    }

    /// A client of the sidecar that listens on the Unix socket `path`.
    ///
    /// # Errors
    /// [`ClientError::Address`] if no client can be made.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        // The host is sent and means nothing.
        Self::build("http://sidecar", reqwest::Client::builder().unix_socket(path.as_ref()))
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

    fn build(base: &str, builder: reqwest::ClientBuilder) -> Result<Self, ClientError> {
        // A decision comes from the sidecar itself: not through a proxy, and not from where it might point.
        let builder = builder.no_proxy().redirect(Policy::none()).connect_timeout(limits::CONNECT_TIMEOUT);
        let http = builder.pool_idle_timeout(limits::IDLE_MAX).build();
        let http = http.map_err(|error| ClientError::Address(error.to_string()))?;
        Ok(Self { http, base: base.trim_end_matches('/').into(), deadline: limits::DEADLINE, token: None })
    }
}
