//! The `OpenID` `AuthZEN` Authorization API 1.0: one file per endpoint.
//!
//! The same decisions as those of `/v1`, by the same pipeline, in another shape. A subject is a
//! principal, its type and the resource's are Cedar's entity types, an action's name is Cedar's.

mod answer;
pub(in crate::http) mod evaluation;
pub(in crate::http) mod evaluations;
pub(in crate::http) mod metadata;
pub(in crate::http) mod question;
pub(in crate::http) mod request_id;
pub mod search;
pub(in crate::http) mod shown;

pub use evaluation::evaluation;
pub use evaluations::evaluations;
pub use metadata::metadata;

/// What the paths of all endpoints but the metadata's begin with.
pub(in crate::http) const PREFIX: &str = "/access/v1/";

/// Where one decision is asked for.
pub(in crate::http) const EVALUATION: &str = "/access/v1/evaluation";

/// Where several are.
pub(in crate::http) const EVALUATIONS: &str = "/access/v1/evaluations";

/// Where the metadata is.
pub(in crate::http) const METADATA: &str = "/.well-known/authzen-configuration";

use super::App;
use super::body;
use super::error::Problem;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};

/// The body of a request. Another type than JSON, or none, is malformed here: the specification has no 415.
///
/// # Errors
/// 400 without `Content-Type: application/json`; as for every body 413, 408, 400.
pub(in crate::http) async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if !headers.contains_key(header::CONTENT_TYPE) || !body::is_json(headers) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "`Content-Type` must be `application/json`"));
    }
    body::read_whole(headers, body, &app.limits).await
}
