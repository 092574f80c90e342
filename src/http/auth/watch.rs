//! Looks now and then whether files of credentials have changed.

use super::{Auth, Watched};
use crate::config::limits::CREDENTIALS_POLL_MILLISECONDS;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Goes on until `stopping` turns true. Looks rather than being told: file systems that are mounted from elsewhere,
/// as secrets often are, tell nothing.
pub(in crate::http) async fn watch(auth: &Auth, mut stopping: Receiver<bool>) {
    let watched: Arc<[Arc<dyn Watched>]> = auth.watched().into();
    if watched.is_empty() {
        return;
    }
    loop {
        let rest = tokio::time::sleep(Duration::from_millis(CREDENTIALS_POLL_MILLISECONDS));
        tokio::select! {
            () = rest => {}
            // Whoever could say so is gone: that is a stop too.
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let watched = Arc::clone(&watched);
        // Files may be slow, and a panic here is no reason to stop looking.
        let _ = tokio::task::spawn_blocking(move || watched.iter().for_each(|watched| watched.look())).await;
    }
}
