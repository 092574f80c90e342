//! Several servers, of which one takes writes: a primary and its standbys.
//!
//! Which of them it is they say themselves. Nothing here elects or promotes: whoever does that sees to it that the one
//! before has ended.

use super::{open, silent, unfit};
use crate::store::limits;
use crate::store::sql::{Connection, query_as};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::time::timeout;

/// How each of them is connected to.
#[derive(Clone)]
pub(super) struct Hosts {
    all: Arc<[PgConnectOptions]>,
    /// Which one took writes when last asked.
    last: Arc<AtomicUsize>,
    /// How often one was promoted before that one, as servers count it; 0 before any was asked.
    timeline: Arc<AtomicI64>,
}

/// Whether a server takes writes, and how often one was promoted before it.
const STANDING: &str = "
    SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off',
           CASE WHEN pg_is_in_recovery() THEN 0
                ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END";

/// A server that takes writes.
struct Primary {
    place: usize,
    timeline: i64,
    connection: Connection,
}

impl Hosts {
    /// At least one.
    pub(super) fn new(all: Vec<PgConnectOptions>) -> Self {
        Self { all: all.into(), last: Arc::default(), timeline: Arc::default() }
    }

    /// Whether there is but one.
    pub(super) fn is_one(&self) -> bool {
        self.all.len() == 1
    }

    /// How to connect to the one that is in use.
    pub(super) fn current(&self) -> Option<&PgConnectOptions> {
        self.all.get(self.last.load(Ordering::SeqCst)).or_else(|| self.all.first())
    }

    /// Opens a connection: of several, to the one that takes writes.
    pub(super) async fn connect(&self) -> Result<Connection, sqlx::Error> {
        if let [only] = &*self.all {
            return timeout(limits::SERVER_WAIT_MAX, open(only)).await.unwrap_or_else(|_| Err(silent()));
        }
        let seen = self.timeline.load(Ordering::SeqCst);
        let mut asked: FuturesUnordered<_> = self.all.iter().enumerate().map(|(place, _)| self.ask(place)).collect();
        let (mut found, mut problem): (Option<Primary>, _) = (None, silent());
        while let Some(answer) = asked.next().await {
            match answer {
                // INVARIANT: one from before the last promotion that is known of never counts: it may have come back, and
                // not know that it is none any more.
                Ok(primary) if primary.timeline >= seen => {
                    if found.as_ref().is_none_or(|found| found.timeline < primary.timeline) {
                        found = Some(primary);
                    }
                    // At first all are asked, as one that came back would say the same of itself.
                    if seen > 0 {
                        break;
                    }
                }
                Ok(_) => problem = unfit("it was a primary before another was promoted"),
                Err(error) => problem = error,
            }
        }
        let Primary { place, timeline, connection } = found.ok_or(problem)?;
        self.timeline.fetch_max(timeline, Ordering::SeqCst);
        self.last.store(place, Ordering::SeqCst);
        Ok(connection)
    }

    async fn ask(&self, place: usize) -> Result<Primary, sqlx::Error> {
        let asked = async {
            let options = self.all.get(place).ok_or_else(silent)?;
            let mut connection = open(options).await?;
            let (writes, timeline): (bool, i64) = query_as(STANDING).fetch_one(&mut connection).await?;
            if !writes {
                return Err(unfit("it can only be read: a standby, or set to be read only"));
            }
            Ok(Primary { place, timeline, connection })
        };
        timeout(limits::SERVER_WAIT_MAX, asked).await.unwrap_or_else(|_| Err(silent()))
    }
}
