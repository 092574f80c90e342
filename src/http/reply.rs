//! The body of an answer: one piece of known length, or whatever axum made.

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is answered. axum boxes every body; most of ours are a few bytes that are there already.
#[derive(Debug)]
pub enum Reply {
    /// All of it, or nothing once it was taken.
    Whole(Bytes),
    /// Made by a handler behind axum's router.
    Routed(Body),
}

impl Reply {
    /// An answer of axum's.
    pub fn routed(response: Response) -> axum::http::Response<Self> {
        response.map(Self::Routed)
    }
}

impl HttpBody for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::Routed(body) => body.size_hint(),
        }
    }
}
