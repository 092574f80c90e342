//! What a new connection says first, looked at before any of it is read.
//!
//! Whoever stalls, says nonsense or sends something long is to cost those nothing who ask. So a connection is a mere
//! socket until its first request is whole, and which thread serves it depends on that.

use super::stream::Stream;
use crate::config::Limits;
use crate::config::limits::FIRST_REQUEST_BYTES_MAX;
use axum::http::header;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// More headers than a request of a host application has.
const HEADERS_MAX: usize = 64;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// With a request that is all there.
    Request,
    /// With something else, or something longer: only reading it tells.
    Other,
    /// Not at all, for as long as headers may take.
    Silent,
    /// With headers, and not the body they announce for as long as one may take.
    Half,
}

impl First {
    /// How `stream` begins, once that is known; `has_head` is, as soon as its headers are there.
    pub(super) async fn of(stream: &impl Stream, limits: &Limits, has_head: &mut bool) -> Self {
        let [head, body] = [limits.header_read_seconds, limits.body_read_seconds].map(Duration::from_secs);
        Self::within(head, body, stream, has_head).await
    }

    /// The same, for which headers and then the body may take so long.
    async fn within(head: Duration, body: Duration, stream: &impl Stream, has_head: &mut bool) -> Self {
        let begins = timeout(head, beyond(Seen::Part, stream)).await;
        *has_head = matches!(begins, Ok(Seen::Head | Seen::Whole));
        let seen = match begins {
            Ok(Seen::Head) => match timeout(body, beyond(Seen::Head, stream)).await {
                Ok(seen) => seen,
                Err(_late) => return Self::Half,
            },
            Ok(seen) => seen,
            Err(_late) => return Self::Silent,
        };
        if seen == Seen::Whole { Self::Request } else { Self::Other }
    }
}

/// What is there of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Not all of its headers.
    Part,
    /// Not all of its body.
    Head,
    Whole,
    /// No such thing, or more than is looked at.
    Other,
}

impl Seen {
    fn of(bytes: &[u8]) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(head)) => Self::with_body(request.headers, head, bytes.len()),
            Ok(httparse::Status::Partial) if !bytes.is_empty() && bytes.len() < FIRST_REQUEST_BYTES_MAX => Self::Part,
            _ => Self::Other,
        }
    }

    /// With so many bytes of a head, and of all.
    fn with_body(headers: &[httparse::Header<'_>], head: usize, there: usize) -> Self {
        let header =
            |name: &header::HeaderName| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_str()));
        if header(&header::TRANSFER_ENCODING).is_some() {
            return Self::Other;
        }
        let Some(length) = header(&header::CONTENT_LENGTH) else { return Self::Whole };
        let length = std::str::from_utf8(length.value).ok().and_then(|length| length.trim().parse::<usize>().ok());
        match length.and_then(|length| head.checked_add(length)) {
            Some(whole) if whole <= there => Self::Whole,
            // Who wants leave to send first gets it from the one who reads.
            Some(whole) if whole <= FIRST_REQUEST_BYTES_MAX && header(&header::EXPECT).is_none() => Self::Head,
            _ => Self::Other,
        }
    }
}

/// What is there as soon as it is more than `known`.
async fn beyond(known: Seen, stream: &impl Stream) -> Seen {
    loop {
        match stream.until_readable().await {
            // Nothing more will come.
            Ok(ready) if ready.is_read_closed() => return Seen::Other,
            Ok(_) => {}
            Err(_broken) => return Seen::Other,
        }
        let mut bytes = [0; FIRST_REQUEST_BYTES_MAX];
        let looked = stream.look(&mut bytes, |bytes| {
            let seen = Seen::of(bytes);
            // There is something new to wait for.
            if seen == known { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(seen) }
        });
        match looked {
            Ok(seen) => return seen,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_broken) => return Seen::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    const HEAD: &str = "POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 4\r\n\r\n";

    fn seen(text: &str) -> Seen {
        Seen::of(text.as_bytes())
    }

    #[test]
    fn a_request_is_whole_with_its_headers_and_as_many_bytes_as_they_say() {
        assert_eq!(seen("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), Seen::Whole);
        let whole = format!("{HEAD}body");
        assert_eq!(seen(&whole), Seen::Whole);
        assert_eq!(seen(&format!("{whole}GET / HT")), Seen::Whole, "the beginning of the next one");
        for (end, _) in whole.char_indices().skip(1) {
            let expected = if end < HEAD.len() { Seen::Part } else { Seen::Head };
            assert_eq!(seen(&whole[..end]), expected, "{:?}", &whole[..end]);
        }
    }

    #[test]
    fn what_is_long_or_none_or_says_no_length_is_for_the_one_who_reads() {
        for text in [
            "",
            "\u{16}\u{3}\u{1} hello",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 65536\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 8192\r\n\r\n",
            "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            &"GET / HTTP/1.1\r\nA: b\r\n".repeat(HEADERS_MAX * 10),
        ] {
            assert_eq!(seen(text), Seen::Other, "{text:?}");
        }
        let endless = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(FIRST_REQUEST_BYTES_MAX));
        assert_eq!(seen(&endless[..FIRST_REQUEST_BYTES_MAX]), Seen::Other);
    }

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn it_is_waited_for_piece_by_piece_and_stays_to_be_read() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let saying = tokio::spawn(async move {
            for piece in [&HEAD[..10], &HEAD[10..], "bo", "dy"] {
                ours.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            ours
        });
        assert_eq!(First::within(LONG, LONG, &theirs, &mut false).await, First::Request);
        let mut bytes = [0; 1024];
        let length = theirs.try_read(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], format!("{HEAD}body").as_bytes());
        drop(saying.await.unwrap());
    }

    #[test]
    fn the_longest_that_is_looked_at_can_be_seen_whole() {
        let request = |length: usize| format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        let fits = FIRST_REQUEST_BYTES_MAX - request(8_000).len();
        assert_eq!(seen(&request(fits)), Seen::Head);
        assert_eq!(seen(&(request(fits) + &"x".repeat(fits))), Seen::Whole);
        assert_eq!(seen(&request(fits + 1)), Seen::Other);
    }

    #[tokio::test]
    async fn who_says_half_of_it_and_hangs_up_is_not_waited_for() {
        for half in ["", &HEAD[..10], HEAD] {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            ours.write_all(half.as_bytes()).await.unwrap();
            drop(ours);
            assert_eq!(First::within(LONG, LONG, &theirs, &mut false).await, First::Other, "{half:?}");
        }
    }

    #[tokio::test]
    async fn headers_have_their_time_and_so_has_a_body() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(&HEAD.as_bytes()[..10]).await.unwrap();
        assert_eq!(First::within(SHORT, LONG, &theirs, &mut false).await, First::Silent);
        ours.write_all(&HEAD.as_bytes()[10..]).await.unwrap();
        assert_eq!(First::within(LONG, SHORT, &theirs, &mut false).await, First::Half);
    }
}
