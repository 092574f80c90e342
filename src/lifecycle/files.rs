//! How many files the system lets this process have open, and so how many connections.

use crate::config::limits::{ADMIN_CONNECTIONS_MAX, admin_connections_max};

/// What is not a connection of a client: the database and its log, standard error, mail, a spare.
const OTHER_FILES: usize = 128;

/// What each thread that serves connections waits by: two of epoll, what wakes it, what tells of signals.
const FILES_PER_THREAD: usize = 4;

/// So many connections for the access listener, or fewer if the system does not allow as many: the others then wait in its
/// queue. Taking them in would leave the server without a file to read from the database by. So many threads serve them.
#[must_use]
pub fn connections_max(wanted: usize, threads: usize) -> usize {
    // And one takes them in.
    let others = FILES_PER_THREAD.saturating_mul(threads + 1).saturating_add(OTHER_FILES);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(files) = files_max(&limits) else { return wanted };
    let most = most(files, others);
    if wanted > most {
        let needed = wanted.saturating_add(admin_connections_max(wanted)).saturating_add(others);
        tracing::info!(
            connections_max = most,
            configured = wanted,
            files,
            needed,
            "fewer connections are served than configured: `ulimit -n` is too low for more"
        );
    }
    wanted.min(most)
}

/// The most connections for which that many files suffice, those of the admin listener and so many others beside them.
fn most(files: usize, others: usize) -> usize {
    let left = files.saturating_sub(others);
    left.saturating_sub(ADMIN_CONNECTIONS_MAX).max(left / 3 * 2).max(1)
}

/// The soft limit in what `/proc/self/limits` says; `None` where there is none.
fn files_max(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_what_counts() {
        let head = "Limit                     Soft Limit           Hard Limit           Units\n";
        let line =
            |soft: &str| format!("{head}Max open files            {soft}                 524288               files\n");
        assert_eq!(files_max(&line("1024")), Some(1024));
        assert_eq!(files_max(&line("unlimited")), None);
        assert_eq!(files_max(head), None);
        assert!((1..=7).contains(&connections_max(7, 1)));
    }

    #[test]
    fn both_listeners_and_the_rest_fit_into_the_files_there_are() {
        for files in [0, 129, 256, 1024, 3_000, 4_096, 20_000, 1 << 20] {
            for others in [OTHER_FILES, 2 * OTHER_FILES] {
                let connections = most(files, others);
                let needed = connections + admin_connections_max(connections) + others;
                assert!(needed <= files.max(others + 2), "{files}: {needed}");
            }
        }
        assert_eq!((most(1024, OTHER_FILES), most(20_000, OTHER_FILES)), (596, 18_848));
    }
}
