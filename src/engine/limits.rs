//! Bounds on what a policy author can load; the unit stands last in each name.

/// Size of one policy or schema file. Cedar's parser needs some hundred times as much memory.
pub const SOURCE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Files of one folder that are read.
pub const FOLDER_FILES_MAX: usize = 1_000;

/// Size of all files of one folder that are read, together.
pub const FOLDER_BYTES_MAX: usize = 8 << 20;

/// Entries of one folder that are looked at, whatever they are.
pub const FOLDER_ENTRIES_MAX: usize = 100_000;

/// Brackets and `if`s that a place in a file may stand in.
pub const NESTING_LEVELS_MAX: usize = 64;

/// Levels of a condition: of a chain such as `a || b || c`, each part is one.
pub const EXPRESSION_LEVELS_MAX: usize = 512;

/// Characters of one policy that are, or are part of, an operator of which chains are made: `a.b`, `a || b`, `a + b`.
pub const CHAINING_CHARACTERS_MAX: usize = 4_096;

/// Policies of one set. Each is validated in every request environment of the schema.
pub const BUNDLE_POLICIES_MAX: usize = 10_000;

/// How far from principal and resource a policy may look: each level is entities to load per decision.
pub const DEREFERENCE_LEVELS_MAX: u32 = 8;

/// Permits that an explained denial shows, the closest ones.
pub const CLOSEST_POLICIES_MAX: usize = 20;

/// Ways to an Allow that are tried out for one explanation, over all policies.
pub const SUPPOSITIONS_MAX: usize = 64;

/// Ways to an Allow that an explanation shows, the shortest ones.
pub const SUGGESTIONS_MAX: usize = 16;

/// Ways to satisfy one policy that are thought of.
pub const ALTERNATIVES_MAX: usize = 32;

/// A value that an explanation shows, in characters; more is cut off.
pub const SHOWN_VALUE_CHARACTERS_MAX: usize = 500;
