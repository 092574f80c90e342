//! Bounds on what a test or a world can hold; the unit stands last in each name.

/// Size of one file of tests or of entities.
pub const TEST_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Files of one folder of tests, sub-folders included.
pub const TEST_FILES_MAX: usize = 1_000;

/// How deep folders of tests are entered.
pub const TEST_FOLDERS_MAX: usize = 16;

/// Questions of one run, each combination of a test counted.
pub const QUESTIONS_MAX: usize = 1_000_000;

/// Deepest nesting in a file of tests.
pub const TEST_DEPTH_MAX: usize = 64;
