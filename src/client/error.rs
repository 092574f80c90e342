//! Why there is no decision.

use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// There is no decision. Never to be taken for an Allow.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address of the sidecar cannot be used.
    #[error("{0}")]
    Address(String),
    /// The token cannot be sent: it has characters that no header has.
    #[error("the token has characters that cannot be sent")]
    Token,
    /// The sidecar refuses the question: it is malformed, or the schema does not allow it. Asked again it would be
    /// refused again.
    #[error("the sidecar refuses the question: {0}")]
    Refused(Refusal),
    /// The sidecar could not decide, in any of the tries (503).
    #[error("the sidecar cannot decide now: {0}")]
    Unavailable(Refusal),
    /// The sidecar could not be reached, or broke off its answer, in any of the tries.
    #[error("the sidecar cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The time was over before an answer came.
    #[error("no answer came within {0:?}")]
    Late(Duration),
    /// What came is no answer.
    #[error("what came is no answer of a sidecar: {0}")]
    NoAnswer(String),
}

impl ClientError {
    /// Whether the same question may have an answer later: the sidecar is busy, restarting, or not there.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Unreachable(_) | Self::Late(_) => true,
            Self::Address(_) | Self::Token | Self::Refused(_) | Self::NoAnswer(_) => false,
        }
    }
}

/// An error answer: the members of its `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The status of the answer.
    #[serde(skip)]
    pub status: u16,
    /// The same in words.
    #[serde(default)]
    pub title: String,
    /// What is wrong, in a sentence.
    #[serde(default)]
    pub detail: String,
    /// The field of the question at fault, where one is: `action`, `requests[3].context.size`.
    pub field: Option<String>,
    /// The rule that refuses, where one does.
    pub rule: Option<String>,
}

impl Refusal {
    /// Of an answer with this status and body; a body of another kind says nothing.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let nothing = Self { status, title: String::new(), detail: String::new(), field: None, rule: None };
        serde_json::from_slice(body).map_or(nothing, |read| Self { status, ..read })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, title, detail, .. } = self;
        match (title.as_str(), detail.as_str()) {
            ("", "") => write!(f, "status {status}"),
            (title, "") => write!(f, "{status} {title}"),
            ("", detail) => write!(f, "{status}: {detail}"),
            (title, detail) => write!(f, "{status} {title}: {detail}"),
        }
    }
}
