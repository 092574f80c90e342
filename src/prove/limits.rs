//! Bounds on what proofs may take; the unit stands last in each name.

/// How long the solver may take for one question if nothing else is said, in seconds.
pub const SOLVER_SECONDS: u32 = 30;

/// How much memory one solver may take, in kibibytes of address space.
pub const SOLVER_KIBIBYTES_MAX: u64 = 4 * 1024 * 1024;

/// Solvers at a time, however many cores there are.
pub const SOLVERS_MAX: usize = 16;

/// How long the solver may take to say which version it is, in seconds.
pub const SOLVER_START_SECONDS: u64 = 10;

/// How long a killed solver is waited for, in seconds.
pub const SOLVER_END_SECONDS: u64 = 5;

/// Longest line of a decision log, in bytes.
pub const LOG_LINE_BYTES_MAX: usize = 1024 * 1024;

/// Changed decisions of a log that are told one by one; all are counted.
pub const CHANGES_TOLD_MAX: usize = 1_000;

/// Lines of a log that could not be used and are told one by one; all are counted.
pub const UNUSABLE_TOLD_MAX: usize = 20;

/// How often a logged decision is made again because the database changed between the old policies and the new ones.
pub const REPLAY_TRIES_MAX: usize = 5;
