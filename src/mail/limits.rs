//! How much and how long: every bound of sending mail.

use std::time::Duration;

/// How long one try to send one mail may take, connecting included.
pub const SEND_SECONDS_MAX: Duration = Duration::from_mins(1);

/// How long a mail server may take to answer one command.
pub const ANSWER_SECONDS_MAX: Duration = Duration::from_secs(30);

/// How long nothing is tried after the mail server could not be reached.
pub const UNREACHABLE_REST_SECONDS: Duration = Duration::from_secs(30);

/// How long nothing is tried after the store did not answer.
pub const STORE_REST_SECONDS: Duration = Duration::from_secs(5);

/// How long one that may not send waits before it looks whether it may by now, in milliseconds.
pub const ANOTHER_SENDS_MILLISECONDS: i64 = 5_000;

/// How long the task sleeps at most before it looks at the clock again: clocks are set, too.
pub const SLEEP_SECONDS_MAX: Duration = Duration::from_mins(5);

/// How long the mail that is being sent when the server stops may still take.
pub const STOP_SECONDS_MAX: Duration = Duration::from_secs(10);

/// How long after the first failure a mail is tried again, in milliseconds; doubled every time.
pub const BACKOFF_FIRST_MILLISECONDS: i64 = 30_000;

/// How far apart two tries are at most, in milliseconds.
pub const BACKOFF_MILLISECONDS_MAX: i64 = 6 * 60 * 60 * 1000;

/// How much of what a mail server says is kept, in characters.
pub const ERROR_CHARACTERS_MAX: usize = 500;

/// Longest file that holds the address of the mail server, in bytes: more is the wrong file.
pub const URL_FILE_BYTES_MAX: u64 = 4096;
