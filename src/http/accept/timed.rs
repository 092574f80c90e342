//! A connection's bytes under a clock: short for headers, long between requests.
//!
//! hyper's own header timer also runs on an idle connection, so that one limit would have to serve
//! for both: a client that keeps a pool of connections would run into closed ones all the time.

use super::phase::{At, Phase};
use crate::config::Limits;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream that fails with `TimedOut` when the other end takes too long.
pub(super) struct Timed<S> {
    stream: S,
    phase: Arc<Phase>,
    /// When what is being waited for must have been read; `None` from the first bytes of a request
    /// until they turn out not to be all of its headers, so that most requests need no look at the clock.
    read_by: Option<Instant>,
    /// When what is being written must have been taken; `None` while it is taken at once.
    write_by: Option<Instant>,
    /// Rings at the deadline or before, and is then set again: setting it for each request would
    /// cost more than letting it ring once in a while.
    alarm: Pin<Box<Sleep>>,
    /// Whom the alarm wakes.
    sleeper: Option<Waker>,
    header: Duration,
    idle: Duration,
    write: Duration,
}

impl<S> Timed<S> {
    /// Of a connection that is open since `begun`.
    pub(super) fn new(stream: S, phase: Arc<Phase>, limits: &Limits, begun: Instant) -> Self {
        let header = Duration::from_secs(limits.header_read_seconds);
        let read_by = begun + header;
        Self {
            stream,
            phase,
            read_by: Some(read_by),
            write_by: None,
            alarm: Box::pin(tokio::time::sleep_until(read_by)),
            sleeper: None,
            header,
            idle: Duration::from_secs(limits.idle_seconds),
            write: Duration::from_secs(limits.write_seconds),
        }
    }

    /// A request was answered: the long clock runs until the next one. Returns when it ends.
    fn rest(&mut self) -> Instant {
        self.phase.set(At::Idle);
        *self.read_by.insert(Instant::now() + self.idle)
    }

    /// Ready with an error once `by` is past.
    fn poll_overdue(&mut self, cx: &mut Context<'_>, by: Instant) -> Poll<io::Error> {
        if self.alarm.deadline() > by {
            self.alarm.as_mut().reset(by);
            self.sleeper = None;
        }
        // An alarm that is set already need not be told again whom to wake.
        if self.sleeper.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) && !self.alarm.is_elapsed() {
            return Poll::Pending;
        }
        self.sleeper = Some(cx.waker().clone());
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if Instant::now() >= by {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(by);
        }
    }

    /// What a write came to, under the clock if it did not come to anything.
    fn timed_write<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_by = None;
            return written;
        }
        let by = *self.write_by.get_or_insert_with(|| Instant::now() + self.write);
        self.poll_overdue(cx, by).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let at = self.phase.get();
        if read.is_ready() {
            if buf.filled().len() > before && at != At::Serving && at != At::Head {
                // The first bytes of a request: the rest of its headers must come soon. On a new
                // connection the short clock runs already.
                if at != At::Silent {
                    self.read_by = None;
                }
                self.phase.set(At::Head);
            }
            return read;
        }
        let header = self.header;
        let by = match at {
            // The request's own timers run.
            At::Serving => return Poll::Pending,
            At::Answered => self.rest(),
            At::Silent | At::Head | At::Idle => *self.read_by.get_or_insert_with(|| Instant::now() + header),
        };
        self.poll_overdue(cx, by).map(Err)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.timed_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.timed_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) && self.phase.get() == At::Answered {
            // hyper may have polled for the next request before this answer was written, and does not
            // do so again until something wakes it: from here on, the alarm will.
            let by = self.rest();
            if let Poll::Ready(error) = self.poll_overdue(cx, by) {
                return Poll::Ready(Err(error));
            }
        }
        self.timed_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.timed_write(cx, shut)
    }
}
