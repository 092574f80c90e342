//! An answer without a length is being served until its last byte.

use super::phase::{At, Phase};
use crate::http::reply::Reply;
use axum::body::{Bytes, HttpBody};
use axum::http::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Says that the request is answered: at once if the answer is whole, at its end if it streams. The
/// clock for idle connections would otherwise run under a stream that has nothing to say for a while.
pub(super) fn until_sent(response: Response<Reply>, phase: Arc<Phase>) -> Response<Sent> {
    if response.body().size_hint().exact().is_some() {
        phase.set(At::Answered);
        return response.map(|body| Sent { body, serving: None });
    }
    response.map(|body| Sent { body, serving: Some(phase) })
}

/// The body that hyper sends.
pub(super) struct Sent {
    body: Reply,
    /// Of an answer that streams.
    serving: Option<Arc<Phase>>,
}

impl HttpBody for Sent {
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

impl Drop for Sent {
    // hyper lets go of a body once it has read its end, and writes what is left of it after that.
    fn drop(&mut self) {
        if let Some(phase) = &self.serving {
            phase.set(At::Answered);
        }
    }
}
