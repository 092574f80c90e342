//! One question sent and its answer read, as often as it takes and time allows.
//!
//! A question changes nothing, so it may be sent again after any failure of the connection.

use super::error::{ClientError, Refusal};
use super::limits::ANSWER_BYTES_MAX;
use super::{Client, backoff};
use crate::domain::Revision;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// The terms on which a question is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// From a state how new an answer is wanted.
    pub(super) revision_min: Option<Revision>,
    /// How long it may take altogether.
    pub(super) deadline: Duration,
}

/// A try that gave no answer.
struct Failure {
    error: ClientError,
    /// How long the sidecar asks to wait.
    asked: Option<Duration>,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self { error, asked: None }
    }
}

impl Client {
    /// Sends `body` until there is an answer, a refusal that would be repeated, or no time left.
    pub(super) async fn exchange<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        terms: Terms,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::NoAnswer(error.to_string()))?;
        let body = Bytes::from(body);
        let until = Instant::now() + terms.deadline;
        let mut failures = 0_u32;
        loop {
            let Ok(tried) = timeout_at(until, self.attempt(path, body.clone(), terms)).await else {
                return Err(ClientError::Late(terms.deadline));
            };
            let failure = match tried {
                Ok(text) => return read(&text),
                Err(failure) => failure,
            };
            failures = failures.saturating_add(1);
            let wait = backoff::wait(failures, backoff::chance(), failure.asked);
            // What is said now says more than that the time is over.
            if !failure.error.is_transient() || Instant::now() + wait >= until {
                return Err(failure.error);
            }
            sleep(wait).await;
        }
    }

    async fn attempt(&self, path: &str, body: Bytes, terms: Terms) -> Result<Vec<u8>, Failure> {
        let request = Request::post(format!("{}{path}", self.base)).header(CONTENT_TYPE, "application/json");
        let revision = terms.revision_min.map(|revision| ("conclave-min-revision", revision.to_string()));
        let request = revision.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = self.token.iter().fold(request, |request, token| request.header(AUTHORIZATION, token));
        let request = request.body(Full::new(body)).map_err(|error| ClientError::Address(error.to_string()))?;
        let response = self.http.request(request).await.map_err(unreachable)?;
        let (status, asked) = (response.status(), retry_after(response.headers()));
        let text = whole(response).await?;
        match status {
            StatusCode::OK => Ok(text),
            StatusCode::SERVICE_UNAVAILABLE => {
                Err(Failure { error: ClientError::Unavailable(Refusal::read(status.as_u16(), &text)), asked })
            }
            _ => Err(ClientError::Refused(Refusal::read(status.as_u16(), &text)).into()),
        }
    }
}

fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    ClientError::Unreachable(Box::new(error)).into()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

async fn whole(mut response: Response<Incoming>) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    while let Some(part) = response.frame().await {
        // What is no data is trailers.
        let Ok(part) = part.map_err(unreachable)?.into_data() else { continue };
        text.extend_from_slice(&part);
        if text.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::NoAnswer(format!("it is larger than {ANSWER_BYTES_MAX} bytes")).into());
        }
    }
    Ok(text)
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(text).map_err(|error| ClientError::NoAnswer(error.to_string()))
}
