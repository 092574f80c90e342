//! The changes as a stream that is read from the store as fast as the client takes it in.
//!
//! Each piece is one statement of bounded size: between two pieces nothing is held, neither a
//! connection to the database nor more than one piece in memory, however slow the client is and
//! however much one change touched.

use super::form::Form;
use crate::config::limits::{STREAM_ENTITIES_MAX, STREAM_KEEP_ALIVE_SECONDS, STREAM_RETRY_MILLISECONDS};
use crate::domain::Revision;
use crate::http::App;
use crate::http::error::chain;
use crate::store::StoreError;
use crate::store::list::history::{HistoryRow, Place};
use axum::body::Bytes;
use futures_util::{Stream, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// One client's way through the changes.
pub(super) struct Feed {
    app: Arc<App>,
    form: Form,
    /// How far it has read.
    place: Place,
    /// The last change to tell of.
    until: Revision,
    /// How many changes it still wants; `None` for all.
    left: Option<u64>,
    /// The change that was begun and not yet ended.
    open: Option<Revision>,
    news: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    state: State,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was sent yet.
    New,
    /// There may be more to read.
    Reading,
    /// Everything there is was read.
    Waiting,
    /// Nothing more follows.
    Ended,
}

impl Feed {
    pub(super) fn new(
        app: &Arc<App>,
        form: Form,
        since: Revision,
        head: Revision,
        left: Option<u64>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            form,
            place: Place::after(since),
            until: if form == Form::Events { Revision(u64::MAX) } else { head },
            left,
            open: None,
            news: app.check.stripes().news(),
            stopping: app.stopping(),
            state: State::New,
            _permit: permit,
            app: Arc::clone(app),
        }
    }

    /// The pieces, one after the other. An error cuts the answer off, so that nobody takes it for whole.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
        stream::unfold(self, |mut feed| async move {
            match feed.piece().await {
                Ok(Some(text)) => Some((Ok(Bytes::from(text)), feed)),
                Ok(None) => None,
                Err(error) => {
                    tracing::error!(error = chain(&error), "a stream of changes was cut off");
                    feed.state = State::Ended;
                    Some((Err(error), feed))
                }
            }
        })
    }

    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<String>, StoreError> {
        loop {
            match self.state {
                State::New => {
                    self.state = State::Reading;
                    if self.form == Form::Events {
                        // Also lets the client know at once that it follows.
                        return Ok(Some(format!("retry: {STREAM_RETRY_MILLISECONDS}\n\n")));
                    }
                }
                State::Reading => {
                    let text = self.read().await?;
                    if !text.is_empty() {
                        return Ok(Some(text));
                    }
                }
                State::Waiting => {
                    if let Some(text) = self.wait().await {
                        return Ok(Some(text));
                    }
                }
                State::Ended => return Ok(None),
            }
        }
    }

    /// What comes next in the store, as text.
    async fn read(&mut self) -> Result<String, StoreError> {
        if self.open.is_none() && self.must_stop() {
            self.state = State::Ended;
            return Ok(String::new());
        }
        // INVARIANT: marked as seen before the store is read. What is published after this wakes the
        // wait that follows; what was published before is in what is read now.
        self.news.mark_unchanged();
        let rows = self.app.store.history(self.place, self.until, STREAM_ENTITIES_MAX).await?;
        // Who learns of a change here and asks for a decision gets one that rests on it.
        self.app.check.learn(rows.last().map_or(Revision::default(), |row| row.place.revision)).await?;
        let mut text = String::new();
        if rows.iter().all(|row| self.add(&mut text, row))
            && rows.len() < usize::try_from(STREAM_ENTITIES_MAX).unwrap_or(usize::MAX)
        {
            // A change is committed whole: what there is of it has been read.
            self.end_change(&mut text);
            self.rest();
        }
        Ok(text)
    }

    /// Adds an entity; `false` if the client wants no more changes.
    fn add(&mut self, text: &mut String, row: &HistoryRow) -> bool {
        let revision = row.place.revision;
        let goes_on = self.open == Some(revision);
        if !goes_on {
            self.end_change(text);
            if self.state == State::Ended {
                return false;
            }
            self.form.open(text, row);
            self.open = Some(revision);
        }
        Form::entity(text, row, !goes_on);
        self.place = row.place;
        true
    }

    fn end_change(&mut self, text: &mut String) {
        let Some(revision) = self.open.take() else { return };
        self.form.close(text, revision.0);
        self.left = self.left.map(|left| left.saturating_sub(1));
        if self.left == Some(0) || self.must_stop() {
            self.state = State::Ended;
        }
    }

    /// A follower comes back; a download is a request like any other and gets to finish.
    fn must_stop(&self) -> bool {
        self.form == Form::Events && *self.stopping.borrow()
    }

    /// Everything there is was read.
    fn rest(&mut self) {
        if self.state != State::Ended {
            self.state = if self.form == Form::Events { State::Waiting } else { State::Ended };
        }
    }

    /// Waits for news, and says now and then that the stream is alive.
    async fn wait(&mut self) -> Option<String> {
        let keep_alive = tokio::time::sleep(Duration::from_secs(STREAM_KEEP_ALIVE_SECONDS));
        tokio::select! {
            _ = self.stopping.wait_for(|stop| *stop) => self.state = State::Ended,
            news = self.news.changed() => {
                self.state = if news.is_ok() { State::Reading } else { State::Ended };
            }
            () = keep_alive => return Some(": still here\n\n".to_owned()),
        }
        None
    }
}
