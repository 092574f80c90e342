//! The one table from what can go wrong to what the client sees, as RFC 9457 problems.
//!
//! What the client sees and what the log sees are two things: no SQL, path or source chain reaches a
//! client, and whatever is the server's own fault is logged whole and answered bare.

use crate::admin::grant::GrantView;
use crate::admin::{Refusal, Shortfall, Wrong};
use crate::check::{BatchError, CheckError};
use crate::config::limits::RETRY_AFTER_SECONDS;
use crate::domain::{LentError, Rule};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::Write as _;
use utoipa::ToSchema;

/// An error answer (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status; the problem's `type` is `about:blank`, so this says of what kind it is.
    pub status: StatusCode,
    /// The same in words.
    pub title: &'static str,
    /// What is wrong with this request, in a sentence.
    pub detail: String,
    /// The rule that refuses, where one does.
    pub rule: Option<Rule>,
    /// The field at fault, where one is: `action`, `requests[3].context.size`.
    pub field: Option<String>,
    /// Further members, such as the `shortfalls` of rule A5. Boxed: every handler returns this type.
    pub extra: Box<Map<String, Value>>,
}

impl Problem {
    /// A problem of this status.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, title, detail: detail.into(), rule: None, field: None, extra: Box::default() }
    }

    /// 400: a field of the request is malformed. `detail` goes on after the field's name.
    #[must_use]
    pub fn malformed(field: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::at(StatusCode::BAD_REQUEST, field.into(), detail)
    }

    /// 422: a field of the request is out of range. `detail` goes on after the field's name.
    #[must_use]
    pub fn out_of_range(field: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::at(StatusCode::UNPROCESSABLE_ENTITY, field.into(), detail)
    }

    /// 503: not now. The client is told nothing more and may try again.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The same, with a rule where one refuses.
    #[must_use]
    pub fn ruled(self, rule: Option<Rule>) -> Self {
        Self { rule, ..self }
    }

    /// The same, with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    fn at(status: StatusCode, field: String, detail: impl std::fmt::Display) -> Self {
        let sentence = format!("`{field}` {detail}");
        Self { field: Some(field), ..Self::new(status, sentence) }
    }

    /// 400: what is wrong with a field, in a sentence that stands for itself.
    fn about(field: String, sentence: String) -> Self {
        Self { field: Some(field), ..Self::new(StatusCode::BAD_REQUEST, sentence) }
    }
}

/// `error` and everything beneath it: for the log, never for a client.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

fn unavailable(error: &dyn Error, detail: &'static str) -> Problem {
    tracing::error!(error = chain(error), "{detail}");
    Problem::unavailable(detail)
}

/// 503: more is asked than can be answered now.
pub(super) fn full() -> Problem {
    Problem::unavailable("too much is asked at a time: try again later")
}

/// `place` stands before the field's name: empty, or `requests[3].`.
fn undecided(error: CheckError, place: &str) -> Problem {
    match error {
        CheckError::NotAllowed(error) => {
            let field = format!("{place}{}", error.field());
            let sentence = format!("`{field}`: {error}");
            Problem::about(field, sentence)
        }
        CheckError::Context(error) => {
            let field = format!("{place}{}", error.path());
            // The sentence begins with the path of its own.
            let sentence = error.to_string().replacen(error.path(), &field, 1);
            Problem::about(field, sentence)
        }
        CheckError::Lent(LentError { place: at, path, detail }) => {
            Problem::malformed(format!("{place}entities[{at}].{path}"), detail)
        }
        // Told by the queue, once a second: a line for each would be more work than the answer.
        CheckError::Full(_) => full(),
        error @ (CheckError::Unavailable(_) | CheckError::Slice(_) | CheckError::Unsettled | CheckError::Lost) => {
            unavailable(&error, "no decision can be made now")
        }
    }
}

impl From<CheckError> for Problem {
    fn from(error: CheckError) -> Self {
        undecided(error, "")
    }
}

impl From<BatchError> for Problem {
    fn from(BatchError { index, error }: BatchError) -> Self {
        undecided(error, &format!("requests[{index}]."))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed { field, detail } => Self::malformed(field, detail),
            Refusal::NotFound { what } => Self::new(StatusCode::NOT_FOUND, format!("{what} does not exist")),
            Refusal::Forbidden { rule, detail } => Self::new(StatusCode::FORBIDDEN, detail).ruled(rule),
            Refusal::Conflict { rule, detail } => Self::new(StatusCode::CONFLICT, detail).ruled(rule),
            Refusal::OverLimit { ref shortfalls } => Self::new(StatusCode::CONFLICT, refusal.to_string())
                .ruled(Some(Rule::A5))
                .with("shortfalls", serde_json::json!(shortfalls)),
            Refusal::OutOfRange { field, detail, rule } => Self::out_of_range(field, detail).ruled(rule),
            Refusal::Entity { field, detail, wrong } => {
                let status = match wrong {
                    Wrong::Schema => StatusCode::BAD_REQUEST,
                    Wrong::Kept | Wrong::Clash => StatusCode::CONFLICT,
                    Wrong::Bounds => StatusCode::UNPROCESSABLE_ENTITY,
                };
                Self::at(status, field, detail)
            }
            Refusal::MadeThrough { ref grants } => {
                let problem = Self::new(StatusCode::CONFLICT, refusal.to_string()).ruled(Some(Rule::F7));
                problem.with("grants", serde_json::json!(grants.rows))
            }
            Refusal::Unavailable(error) => unavailable(&error, "the store is not available now"),
            Refusal::Undecided(error) => unavailable(error.as_ref(), "no decision can be made now"),
            Refusal::Random(error) => unavailable(&error, "the change cannot be made now"),
        }
    }
}

/// In the extensions of an error answer: what the audit says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    /// The rule that refuses, where one does.
    pub(super) rule: Option<Rule>,
}

/// What some problems say besides.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes members that are added one by one")]
struct Extra {
    /// Of a handover refused by A5: every limit that would be broken.
    #[schema(required = false)]
    shortfalls: Vec<Shortfall>,
    /// Of a leaving refused by F7: the grants made through the group.
    #[schema(required = false)]
    grants: Vec<GrantView>,
    /// Of the same: where the next page of the leave preview begins, if not all are here.
    next_page_token: Option<String>,
    /// Of changes asked for from ahead of the store: where it stands.
    #[schema(required = false)]
    head: u64,
    /// Of a call with a token that is good for something else: the scope that it lacks.
    #[schema(required = false)]
    scope: String,
    /// Of a reload that came to nothing: each thing that is wrong.
    #[schema(required = false, value_type = Vec<Object>)]
    problems: Value,
    /// Of a search that looked at as much as it may: where it goes on.
    #[schema(required = false, value_type = Object)]
    page: Value,
}

/// A problem as it is written.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// Always `about:blank`: the status says of what kind it is.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request, in a sentence.
    detail: &'a str,
    /// The rule that refuses, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, pattern = "^[A-Z][0-9]+$", example = "A14")]
    rule: Option<&'static str>,
    /// The field at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    field: Option<&'a str>,
    #[serde(flatten)]
    #[schema(value_type = Extra)]
    extra: &'a Map<String, Value>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            rule: self.rule.map(Rule::id),
            field: self.field.as_deref(),
            extra: &self.extra,
        };
        // Texts and numbers always serialize; an empty body would still carry the status.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.extensions_mut().insert(Refused { rule: self.rule });
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn status(refusal: Refusal) -> u16 {
        Problem::from(refusal).status.as_u16()
    }

    #[test]
    fn each_refusal_has_its_status() {
        let detail = String::new;
        assert_eq!(status(Refusal::Malformed { field: "id", detail: detail() }), 400);
        assert_eq!(status(Refusal::NotFound { what: detail() }), 404);
        assert_eq!(status(Refusal::Forbidden { rule: Some(Rule::C1), detail: detail() }), 403);
        assert_eq!(status(Refusal::Conflict { rule: Some(Rule::A2), detail: detail() }), 409);
        assert_eq!(status(Refusal::OutOfRange { field: "open", detail: detail(), rule: Some(Rule::A7) }), 422);
        assert_eq!(status(Refusal::OverLimit { shortfalls: Vec::new() }), 409);
        for (wrong, expected) in [(Wrong::Schema, 400), (Wrong::Kept, 409), (Wrong::Clash, 409), (Wrong::Bounds, 422)] {
            assert_eq!(status(Refusal::Entity { field: detail(), detail: detail(), wrong }), expected);
        }
        assert_eq!(status(Refusal::Unavailable(StoreError::Busy)), 503);
        assert_eq!(status(Refusal::Undecided("x".into())), 503);
        assert_eq!(status(Refusal::Random(crate::admin::ambient::RandomError(detail()))), 503);
    }

    #[tokio::test]
    async fn a_problem_says_what_is_wrong_and_which_rule_refuses() {
        let refusal = Refusal::OutOfRange { field: "open", detail: "needs `published`".into(), rule: Some(Rule::A7) };
        let problem = Problem::from(refusal).with("shortfalls", Vec::<Value>::new());
        let response = problem.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Unprocessable Entity", "status": 422,
            "detail": "`open` needs `published`", "rule": "A7", "field": "open", "shortfalls": [],
        });
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }

    #[test]
    fn what_is_the_servers_fault_is_answered_bare_and_may_be_tried_again() {
        let problem = Problem::from(Refusal::Unavailable(StoreError::Corrupt("secret path /var".into())));
        assert!(!problem.detail.contains("secret"));
        assert_eq!(problem.into_response().headers()[header::RETRY_AFTER], "1");
        let response = Problem::new(StatusCode::UNAUTHORIZED, "").into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
