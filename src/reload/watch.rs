//! Hearing of changes: from the system where it tells of them, and by looking every few seconds.
//!
//! What is heard is only ever a reason to look. What the folders hold decides whether there is anything to do.

use super::limits::{POLL_MILLISECONDS, QUIET_MILLISECONDS, QUIET_MILLISECONDS_MAX};
use super::{Reloader, Wanted};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch as channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// A task that watches.
#[derive(Debug)]
pub struct Watching(JoinHandle<()>);

impl Watching {
    /// Waits until it has stopped.
    pub async fn stopped(self) {
        // However it came to its end.
        let _ = self.0.await;
    }
}

/// Follows the folders of policies and schema until `stopping` turns true. `None` if there is nothing to follow: what
/// is built in does not change. To be called inside a runtime.
#[must_use]
pub fn watch(reloader: Arc<Reloader>, stopping: channel::Receiver<bool>) -> Option<Watching> {
    let paths: Vec<_> = reloader.loader.sources().paths().map(Path::to_owned).collect();
    if paths.is_empty() {
        return None;
    }
    Some(Watching(tokio::spawn(follow(reloader, Ears::new(paths), stopping))))
}

async fn follow(reloader: Arc<Reloader>, mut ears: Ears, mut stopping: channel::Receiver<bool>) {
    let following = async {
        loop {
            // First to listen, then to look: nothing falls in between, and what changed before is seen.
            ears.point();
            // What went wrong is kept and was logged.
            let _ = reloader.follow(Wanted::Changed).await;
            if timeout(Duration::from_millis(POLL_MILLISECONDS), ears.news.notified()).await.is_ok() {
                quiet(&ears.news).await;
            }
        }
    };
    tokio::select! {
        () = following => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

/// Waits until nothing was heard for a while.
async fn quiet(news: &Notify) {
    let until = Instant::now() + Duration::from_millis(QUIET_MILLISECONDS_MAX);
    while timeout(Duration::from_millis(QUIET_MILLISECONDS), news.notified()).await.is_ok() {
        if Instant::now() >= until {
            return;
        }
    }
}

/// What hears of changes.
struct Ears {
    news: Arc<Notify>,
    /// `None` if the system has no ears to lend.
    watcher: Option<RecommendedWatcher>,
    folders: Vec<Folder>,
}

/// A folder, or a file, and what is listened to.
struct Folder {
    path: PathBuf,
    /// Device and inode of what is listened to, and its own path: a name may come to stand for another folder.
    heard: Option<((u64, u64), PathBuf)>,
    /// Whether the log knows that it cannot be listened to.
    is_told: bool,
}

impl Ears {
    fn new(paths: Vec<PathBuf>) -> Self {
        let news = Arc::new(Notify::new());
        let ring = Arc::clone(&news);
        let heard = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                ring.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(heard);
        if let Err(error) = &watcher {
            tracing::warn!(%error, every_ms = POLL_MILLISECONDS, "changes of policies are not told, only looked for");
        }
        let folders = paths.into_iter().map(|path| Folder { path, heard: None, is_told: false }).collect();
        Self { news, watcher: watcher.ok(), folders }
    }

    /// Listens to what the names stand for now.
    fn point(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        for folder in &mut self.folders {
            folder.point(watcher);
        }
    }
}

impl Folder {
    fn point(&mut self, watcher: &mut RecommendedWatcher) {
        let now = self.path.canonicalize().ok().and_then(|path| {
            let metadata = path.metadata().ok()?;
            // Opened to be listened to, a device or a FIFO may do something.
            (metadata.is_dir() || metadata.is_file()).then(|| ((metadata.dev(), metadata.ino()), path))
        });
        if now == self.heard {
            return;
        }
        if let Some((_, before)) = self.heard.take() {
            // What is gone is not listened to any more.
            let _ = watcher.unwatch(&before);
        }
        let Some((identity, path)) = now else { return };
        match watcher.watch(&path, RecursiveMode::NonRecursive) {
            Ok(()) => (self.heard, self.is_told) = (Some((identity, path)), false),
            Err(error) if !self.is_told => {
                self.is_told = true;
                let every_ms = POLL_MILLISECONDS;
                tracing::warn!(%error, folder = %path.display(), every_ms, "changes here are not told, only looked for");
            }
            Err(_) => {}
        }
    }
}

/// Whether something may have changed. That files are opened and read is no news: it is done here.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}
