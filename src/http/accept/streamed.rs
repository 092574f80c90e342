//! An answer without a length is being served until its last byte.

use super::phase::{At, Phase};
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Says that the request is answered: at once if the answer is whole, at its end if it streams. The
/// clock for idle connections would otherwise run under a stream that has nothing to say for a while.
pub(super) fn until_sent(response: Response, phase: &Arc<Phase>) -> Response {
    if response.body().size_hint().exact().is_some() {
        phase.set(At::Answered);
        return response;
    }
    response.map(|body| Body::new(Streamed { body, phase: Arc::clone(phase) }))
}

struct Streamed {
    body: Body,
    phase: Arc<Phase>,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Streamed {
    // hyper lets go of a body once it has read its end, and writes what is left of it after that.
    fn drop(&mut self) {
        self.phase.set(At::Answered);
    }
}
