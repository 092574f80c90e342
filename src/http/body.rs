//! Reading a request's body: of a bounded length, in a bounded time.

use super::error::Problem;
use crate::config::Limits;
use crate::config::limits::BODY_DISCARD_BYTES_MAX;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::time::Duration;

/// The whole body of a request that says it is JSON, or says nothing of what it is.
///
/// # Errors
/// 415 for another type, 413 past `body_bytes_max`, 408 past `body_read_seconds`, 400 if the
/// connection breaks or the framing is wrong.
pub async fn read_json(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be `application/json`"));
    }
    // Who waits for leave to send has sent nothing that would have to be thrown away.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let reading = read(&mut body, limits.body_bytes_max, asks_first);
    tokio::time::timeout(Duration::from_secs(limits.body_read_seconds), reading)
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))?
}

async fn read(body: &mut Body, bytes_max: usize, asks_first: bool) -> Result<Bytes, Problem> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).is_ok_and(|announced| announced <= bytes_max) {
        match Limited::new(&mut *body, bytes_max).collect().await {
            Ok(collected) => return Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {}
            Err(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body could not be read to its end")),
        }
    }
    if !asks_first {
        discard(body).await;
    }
    let detail = format!("the body is longer than {bytes_max} bytes");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// Takes in what the client is still sending: closing before would reset the connection, and the
/// client would never see why.
async fn discard(body: &mut Body) {
    let mut left = BODY_DISCARD_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Whether the headers say JSON, or say nothing of what the body is.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = value.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn limits() -> Limits {
        Limits { body_bytes_max: 8, body_read_seconds: 1, ..Limits::default() }
    }

    fn chunked(chunks: Vec<&'static str>) -> Body {
        Body::from_stream(futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)))
    }

    async fn status(body: Body) -> Result<Bytes, u16> {
        read_json(Request::new(body), &limits()).await.map_err(|problem| problem.status.as_u16())
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_announced_or_not() {
        assert_eq!(status(Body::from("12345678")).await, Ok(Bytes::from("12345678")));
        assert_eq!(status(Body::from("123456789")).await, Err(413));
        assert_eq!(status(chunked(vec!["1234", "5678"])).await, Ok(Bytes::from("12345678")));
        assert_eq!(status(chunked(vec!["1234", "5678", "9"])).await, Err(413));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(status(Body::from_stream(never)).await, Err(408));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_malformed() {
        let broken = futures_util::stream::iter([Ok(Bytes::from("1")), Err(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken)).await, Err(400));
    }

    #[test]
    fn only_json_is_json() {
        let says = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, text.parse().unwrap());
            is_json(&headers)
        };
        assert!(is_json(&HeaderMap::new()));
        assert!(says("application/json") && says("Application/JSON ; charset=utf-8"));
        assert!(!says("text/plain") && !says("application/x-www-form-urlencoded") && !says("application/jsonx"));
        assert!(!says(""));
    }
}
