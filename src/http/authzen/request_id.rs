//! `X-Request-ID`: every answer of the API, also one that refuses, carries that of its request.

use super::PREFIX;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::middleware::Next;
use axum::response::Response;

/// The header by which a client knows which answer belongs to which request.
pub(in crate::http) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sends the header back as it came.
pub(in crate::http) async fn echo(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).filter(|_| request.uri().path().starts_with(PREFIX)).cloned();
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
