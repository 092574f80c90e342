//! Questions on their way.

use super::answer::Answers;
use super::exchange::Terms;
use super::{Answer, Client, ClientError, Query};
use crate::domain::Revision;
use serde::Serialize;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write as _;
use std::pin::Pin;
use std::time::Duration;

type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, ClientError>> + Send + 'a>>;

/// One question. `.await` gives the answer or why there is none; [`Ask::allows`] gives a plain yes or no.
#[derive(Debug)]
#[must_use = "a question is asked by `.await` or `.allows()`"]
pub struct Ask<'a> {
    client: &'a Client,
    query: Query,
    terms: Terms,
}

impl<'a> Ask<'a> {
    pub(super) const fn new(client: &'a Client, query: Query) -> Self {
        Self { client, query, terms: Terms { revision_min: None, deadline: client.deadline } }
    }

    /// [`Query::context`]
    pub fn context(self, context: impl Into<Value>) -> Self {
        Self { query: self.query.context(context), ..self }
    }

    /// [`Query::entities`]
    pub fn entities(self, entities: impl Into<Value>) -> Self {
        Self { query: self.query.entities(entities), ..self }
    }

    /// Wants an answer from a state at least this new: the `Conclave-Revision` of a change, say, or the revision of
    /// an earlier answer.
    pub const fn min_revision(mut self, revision: Revision) -> Self {
        self.terms.revision_min = Some(revision);
        self
    }

    /// Bounds the whole time of this question, retries included.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.terms.deadline = deadline;
        self
    }

    /// Whether the sidecar says Allow. Without a decision the answer is no, and the log says why.
    pub async fn allows(self) -> bool {
        match self.await {
            Ok(answer) => answer.is_allowed(),
            Err(error) => {
                tracing::error!(error = chain(&error), "there is no decision, which is a no");
                false
            }
        }
    }
}

impl<'a> IntoFuture for Ask<'a> {
    type Output = Result<Answer, ClientError>;
    type IntoFuture = Asking<'a, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.client.exchange("/v1/is_authorized", &self.query, self.terms).await })
    }
}

/// Several questions. `.await` gives as many answers in the same order, all from one state, or why there are none.
#[derive(Debug)]
#[must_use = "questions are asked by `.await`"]
pub struct AskAll<'a> {
    client: &'a Client,
    queries: Vec<Query>,
    terms: Terms,
}

#[derive(Serialize)]
struct Batch<'a> {
    requests: &'a [Query],
}

impl<'a> AskAll<'a> {
    pub(super) const fn new(client: &'a Client, queries: Vec<Query>) -> Self {
        Self { client, queries, terms: Terms { revision_min: None, deadline: client.deadline } }
    }

    /// [`Ask::min_revision`]
    pub const fn min_revision(mut self, revision: Revision) -> Self {
        self.terms.revision_min = Some(revision);
        self
    }

    /// [`Ask::deadline`]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.terms.deadline = deadline;
        self
    }

    async fn send(self) -> Result<Vec<Answer>, ClientError> {
        let batch = Batch { requests: &self.queries };
        let Answers { responses } = self.client.exchange("/v1/is_authorized/batch", &batch, self.terms).await?;
        // Answers are told apart by their place alone.
        if responses.len() != self.queries.len() {
            let (asked, came) = (self.queries.len(), responses.len());
            return Err(ClientError::NoAnswer(format!("{came} answers to {asked} questions")));
        }
        Ok(responses)
    }
}

impl<'a> IntoFuture for AskAll<'a> {
    type Output = Result<Vec<Answer>, ClientError>;
    type IntoFuture = Asking<'a, Vec<Answer>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// `error` and everything beneath it, for the log.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
