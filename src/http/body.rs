//! Reading a request's body: of a bounded length, in a bounded time.

use super::error::Problem;
use crate::config::Limits;
use crate::config::limits::{BODY_DISCARD_BYTES_MAX, BODY_DISCARD_MILLISECONDS};
use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The whole body of a request that says it is JSON, or says nothing of what it is.
///
/// # Errors
/// 415 for another type, 413 past `body_bytes_max`, 408 past `body_read_seconds`, 400 if the
/// connection breaks or the framing is wrong.
pub async fn read_json<B>(headers: &HeaderMap, body: B, limits: &Limits) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
{
    if !is_json(headers) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be `application/json`"));
    }
    read_whole(headers, body, limits).await
}

/// The whole body of a request, whatever it says it is.
///
/// # Errors
/// As [`read_json`], but for its type.
pub async fn read_whole<B>(headers: &HeaderMap, mut body: B, limits: &Limits) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
{
    // Who waits for leave to send has sent nothing that would have to be thrown away.
    let asks_first = headers.contains_key(header::EXPECT);
    let reading = Box::pin(read(&mut body, limits.body_bytes_max, asks_first));
    tokio::time::timeout(Duration::from_secs(limits.body_read_seconds), reading).await.map_err(|_| too_late())?
}

/// 408: the body did not come in time.
pub(super) fn too_late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")
}

async fn read<B>(body: &mut B, bytes_max: usize, asks_first: bool) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if fits(body.size_hint().lower(), bytes_max) {
        match collect(body, bytes_max).await {
            Ok(Some(whole)) => return Ok(whole.into()),
            Ok(None) => {}
            Err(Broken) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body could not be read to its end")),
        }
    }
    if !asks_first {
        // Who goes on sending for longer, or not at all, is told all the same.
        let _ = tokio::time::timeout(Duration::from_millis(BODY_DISCARD_MILLISECONDS), discard(body)).await;
    }
    let detail = format!("the body is longer than {bytes_max} bytes");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// The body ended before its end.
struct Broken;

/// All of a body, or nothing if it is longer than `bytes_max`.
async fn collect<B>(body: &mut B, bytes_max: usize) -> Result<Option<Vec<u8>>, Broken>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    const RESERVED_BYTES_MAX: u64 = 64 * 1024;
    // What was announced is not there yet: no more memory for it than any body may take.
    let announced = body.size_hint().lower().min(RESERVED_BYTES_MAX);
    let mut whole = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that anybody asked for.
        let Ok(data) = frame.map_err(|_| Broken)?.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            return Ok(None);
        }
        whole.extend_from_slice(&data);
    }
    Ok(Some(whole))
}

fn fits(length: u64, bytes_max: usize) -> bool {
    usize::try_from(length).is_ok_and(|length| length <= bytes_max)
}

/// A body of which the first piece may be there already.
pub(super) struct Begun<B: HttpBody> {
    first: Option<Result<Frame<Bytes>, B::Error>>,
    rest: B,
}

impl<B: HttpBody<Data = Bytes> + Unpin> Begun<B> {
    /// Takes of `body` what came with the headers.
    pub(super) fn new(mut body: B) -> Self {
        // Nobody need be woken: if nothing is there, the body is asked again by somebody who waits.
        let mut cx = Context::from_waker(Waker::noop());
        let first = match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(first) => first,
            Poll::Pending => None,
        };
        Self { first, rest: body }
    }

    /// All of the body, if it is there.
    pub(super) fn whole(&self) -> Option<&Bytes> {
        let first = self.first.as_ref()?.as_ref().ok()?;
        first.data_ref().filter(|_| self.rest.is_end_stream())
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Begun<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}

/// Takes in what the client is still sending: closing before would reset the connection, and the
/// client would never see why.
async fn discard<B: HttpBody<Data = Bytes> + Unpin>(body: &mut B) {
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
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = value.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures_util::stream::{self, StreamExt as _};

    fn limits() -> Limits {
        Limits { body_bytes_max: 8, body_read_seconds: 1, ..Limits::default() }
    }

    fn chunked(chunks: Vec<&'static str>) -> Body {
        Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)))
    }

    async fn status(body: Body) -> Result<Bytes, u16> {
        read_json(&HeaderMap::new(), body, &limits()).await.map_err(|problem| problem.status.as_u16())
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
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(status(Body::from_stream(never)).await, Err(408));
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_too_much_and_does_not_end_is_told_so_all_the_same() {
        let begun = tokio::time::Instant::now();
        let more = stream::iter([Ok::<_, std::io::Error>("123456789")]).chain(stream::pending());
        assert_eq!(status(Body::from_stream(more)).await, Err(413));
        assert!(begun.elapsed() < Duration::from_secs(1), "no longer than a whole body is waited for");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_malformed() {
        let broken = stream::iter([Ok(Bytes::from("1")), Err(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken)).await, Err(400));
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken)).await, Err(400));
    }

    /// A body of a known length, as hyper makes them of `Content-Length`.
    struct Announced(u64, Vec<Option<Result<&'static str, std::io::Error>>>);

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            if self.1.is_empty() {
                return Poll::Ready(None);
            }
            let Some(next) = self.1.remove(0) else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            let next = next.map(|data| Bytes::from_static(data.as_bytes()));
            self.0 -= next.as_ref().map_or(0, |data| data.len() as u64);
            Poll::Ready(Some(next.map(Frame::data)))
        }

        fn is_end_stream(&self) -> bool {
            self.0 == 0
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn a_body_may_come_at_once_or_piece_by_piece() {
        let read = async |announced, pieces| {
            let body = Begun::new(Announced(announced, pieces));
            let whole = body.whole().cloned();
            let read = read_json(&HeaderMap::new(), body, &limits()).await.map_err(|problem| problem.status.as_u16());
            assert!(whole.is_none_or(|whole| read.as_ref().is_err() || read.as_ref() == Ok(&whole)));
            read
        };
        let reset = || Some(Err(std::io::Error::other("reset")));
        let whole = Ok(Bytes::from("12345678"));
        assert_eq!(read(8, vec![Some(Ok("12345678"))]).await, whole);
        assert_eq!(read(8, vec![Some(Ok("123")), Some(Ok("45678"))]).await, whole);
        assert_eq!(read(8, vec![None, Some(Ok("123")), None, Some(Ok("45678"))]).await, whole);
        assert_eq!(read(0, Vec::new()).await, Ok(Bytes::new()));
        assert_eq!(read(8, vec![reset()]).await, Err(400));
        assert_eq!(read(8, vec![Some(Ok("123")), reset()]).await, Err(400));
        assert_eq!(read(9, vec![Some(Ok("123456789"))]).await, Err(413));
    }

    #[test]
    fn a_body_is_whole_only_with_its_last_byte() {
        let whole = |announced, pieces| Begun::new(Announced(announced, pieces)).whole().cloned();
        assert_eq!(whole(3, vec![Some(Ok("123"))]), Some(Bytes::from("123")));
        assert_eq!(whole(4, vec![Some(Ok("123")), Some(Ok("4"))]), None);
        assert_eq!(whole(3, vec![None, Some(Ok("123"))]), None);
        assert_eq!(whole(3, vec![Some(Err(std::io::Error::other("reset")))]), None);
        assert_eq!(whole(0, Vec::new()), None);
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
