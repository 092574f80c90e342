//! Who may use the admin listener: the bearer of the token, or the server's own user over a Unix
//! socket.

mod token;

pub use token::{AdminToken, TokenError};

use super::App;
use super::accept::Peer;
use super::error::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Lets a request through that may use the admin listener; 401 for any other.
pub async fn authenticate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let same_user = request.extensions().get::<Peer>().is_some_and(|peer| peer.same_user);
    if same_user || bearer(request.headers()).is_some_and(|token| app.token.is(token)) {
        return next.run(request).await;
    }
    let detail = "send the admin token: `Authorization: Bearer TOKEN`. It stands in DATABASE.admin-token, unless in a file \
                  of the deployment's choosing";
    Problem::new(StatusCode::UNAUTHORIZED, detail).into_response()
}

/// The token of the one `Authorization` header, if that is what it holds.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(|token| String::from_utf8_lossy(token).into_owned())
    }

    #[test]
    fn the_token_stands_in_one_bearer_header() {
        assert_eq!(read(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(read(&["bearer  abc "]).as_deref(), Some("abc"));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Basic abc"]), None);
        assert_eq!(read(&["Bearer"]), None);
        assert_eq!(read(&["Bearer abc", "Bearer abc"]), None);
    }
}
