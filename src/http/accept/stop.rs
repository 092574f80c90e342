//! A connection goes on until the server stops.

use super::stopped;
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};
use tokio::sync::watch;

/// What `serving` comes to, or `None` if the server stops before.
///
/// A connection is polled for every request, the stop comes once. Who waits for it is told to by its
/// waker; asking again each time would take the lock of a list that all connections are in.
pub(super) async fn until_stopped<F: Future>(
    mut serving: Pin<&mut F>,
    stopping: &watch::Receiver<bool>,
) -> Option<F::Output> {
    let mut waiting = stopping.clone();
    let mut stop = pin!(stopped(&mut waiting));
    let mut told: Option<Waker> = None;
    std::future::poll_fn(|cx| {
        if let Poll::Ready(ended) = serving.as_mut().poll(cx) {
            return Poll::Ready(Some(ended));
        }
        let is_told = told.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if is_told && matches!(stopping.has_changed(), Ok(false)) {
            return Poll::Pending;
        }
        told = Some(cx.waker().clone());
        stop.as_mut().poll(cx).map(|()| None)
    })
    .await
}
