//! Bounds on the decision log; the unit stands last in each name. What a deployment may change is in `config`.

/// Memory that records take which wait to be written, in bytes; more are dropped.
pub const QUEUE_BYTES_MAX: usize = 32 << 20;

/// What is written at a time, in bytes, if so much is waiting.
pub const WRITE_BYTES: usize = 64 << 10;

/// How long the end of the server waits for what is queued, in seconds.
pub const CLOSE_SECONDS_MAX: u64 = 5;

/// Longest line that is read as a record, in bytes.
pub const LINE_BYTES_MAX: usize = 4 << 20;
