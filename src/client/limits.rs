//! Every bound of the client.

use std::time::Duration;

/// How long a question may take altogether, retries included, unless the caller says otherwise. More than the
/// sidecar waits for a revision (1 s) and asks a client to wait after a 503 (1 s).
pub const DEADLINE: Duration = Duration::from_secs(3);

/// How long a connection may take to be made; then the next one is tried.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a connection is kept without a question. Shorter than the sidecar keeps it (60 s): a question must not cross
/// the end of a connection.
pub const IDLE_MAX: Duration = Duration::from_secs(30);

/// Largest answer that is read, in bytes: a full batch with many policies to each answer.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest wait before the second try; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(20);

/// Longest wait before any try, unless the sidecar asks for more.
pub const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// How long a client of a guarded route is asked to wait after a 503, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;
