//! How a guard refuses.

use crate::client::ClientError;
use crate::client::ask::chain;
use crate::client::limits::RETRY_AFTER_SECONDS;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a handler does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nobody is named who asks.
    Nobody,
    /// The sidecar says Deny.
    Forbidden,
    /// It says so, and nobody is to know that there is something; or there is nothing.
    NotFound,
    /// There is no decision.
    Undecided,
}

impl Refused {
    pub(super) fn undecided(error: &ClientError) -> Self {
        tracing::error!(error = chain(error), "a guarded route is closed: there is no decision");
        Self::Undecided
    }

    const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Nobody => (StatusCode::UNAUTHORIZED, "the request does not say who makes it"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "you may not do this here"),
            Self::NotFound => (StatusCode::NOT_FOUND, "there is nothing here that you may know of"),
            Self::Undecided => (StatusCode::SERVICE_UNAVAILABLE, "whether you may do this cannot be decided now"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, detail) = self.answer();
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (status, kind, body.to_string()).into_response();
        if self == Self::Undecided {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}
