//! Bounds on what a policy author can load; the unit stands last in each name.

/// Size of one policy or schema file. Cedar's parser needs some hundred times as much memory.
pub const SOURCE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Files of one folder that are read.
pub const FOLDER_FILES_MAX: usize = 1_000;

/// Policies of one set. Each is validated in every request environment of the schema.
pub const BUNDLE_POLICIES_MAX: usize = 10_000;

/// How deep brackets and `if`s of a policy or of a schema may nest: whatever reads them recurses.
pub const EXPRESSION_NESTING_MAX: usize = 64;

/// Operators of one policy: each is a step deeper for whatever walks its condition.
pub const POLICY_OPERATORS_MAX: usize = 2_000;

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
