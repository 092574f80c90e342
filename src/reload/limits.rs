//! Bounds on reloading; the unit stands last in each name. How much a folder may hold is in `engine::limits`.

/// How long a load may take, in seconds. One that takes longer has failed, whatever becomes of it.
pub const LOAD_SECONDS_MAX: u64 = 60;

/// How long a load waits for the one before it, in seconds.
pub const TURN_SECONDS_MAX: u64 = 10;

/// How long the folders must have been left alone before they are read, in milliseconds.
pub const QUIET_MILLISECONDS: u64 = 200;

/// How long is waited for that, in milliseconds; then they are read all the same.
pub const QUIET_MILLISECONDS_MAX: u64 = 5_000;

/// How long files are left between being read and being read again, in milliseconds: only what stayed the same counts.
pub const SETTLE_MILLISECONDS: u64 = 20;

/// How often files are read that keep changing meanwhile.
pub const READS_MAX: usize = 5;

/// How often the folders are looked at although nothing was heard of them, in milliseconds: not every file system tells,
/// and not every change is one of the folder itself.
pub const POLL_MILLISECONDS: u64 = 5_000;

/// Memory for the stack of a load, in bytes; of it, what is not used is never taken.
pub const LOAD_STACK_BYTES: usize = 256 << 20;

/// Problems that a failure names; the others are counted.
pub const NAMED_PROBLEMS_MAX: usize = 100;
