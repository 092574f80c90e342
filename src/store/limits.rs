//! How much and how long: every bound of the store.

use std::time::Duration;

/// Connections that read at the same time. `SQLite` reads on one core each, so more would only queue elsewhere.
pub const READ_CONNECTIONS_MAX: usize = 4;

/// Pages of the database that a reader keeps in memory, in KiB. At ten million items a decision that finds nothing in
/// memory has the system copy 12 pages with SQLite's own 2 MiB, 8 with these, which hold what all searches begin with, and
/// 7 with twice as much.
pub const READ_PAGE_CACHE_KIBIBYTES_MAX: u32 = 8 * 1024;

/// Pages of the database that the writer keeps in memory while an import lasts, in KiB: ids in random order change
/// pages all over the database, and each that does not fit is written out again and again.
pub const IMPORT_PAGE_CACHE_KIBIBYTES_MAX: u32 = 128 * 1024;

/// How long a read waits for a connection before it fails with [`super::StoreError::Busy`].
pub const READ_WAIT_MAX: Duration = Duration::from_millis(1_500);

/// How long a write waits for the writes before it, before it fails with [`super::StoreError::Busy`].
pub const WRITE_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long `SQLite` waits for a lock that another process holds on the database, a backup say.
pub const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared.
pub const PREPARED_STATEMENTS_MAX: usize = 256;

/// Folders that may lie in each other. Far more than anyone needs; there only so that a chain that
/// bites its own tail, which the store never writes, ends in an error and not in a loop.
pub const FOLDER_DEPTH_MAX: usize = 10_000;

/// Entities that one entity may be in by what hosts say, however far up. An entity that is in more cannot be decided
/// about: without all of them nobody knows what it may.
pub const ENTITY_ANCESTORS_MAX: usize = 1_000;

/// Rows of `audit` that are kept of what was done, the newest; the one before goes with each new one.
pub const AUDIT_ALLOWED_ROWS_MAX: i64 = 1_000_000;

/// Rows of `audit` that are kept of what was refused, the newest. Counted apart: a flood of refusals
/// neither fills the disk nor pushes out what was done.
pub const AUDIT_REFUSED_ROWS_MAX: i64 = 100_000;

/// Answers to calls with an `Idempotency-Key` that are kept, the newest.
pub const IDEMPOTENCY_ROWS_MAX: i64 = 100_000;

/// How far a restore counts the revision up. More changes than are made between a backup and its return: a thousand a
/// second would take eleven days.
pub const RESTORE_REVISIONS: u64 = 1_000_000_000;

/// How long an answer to a call with an `Idempotency-Key` is kept, in milliseconds: a day.
pub const IDEMPOTENCY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// How long the outbox remembers mail that was sent, in days: who wrote to whom is nobody's business
/// for ever.
pub const SENT_MAIL_DAYS: i64 = 90;

/// Entries of the directory's index that one search looks at, counted over the lists of all threes of
/// characters it asks for; then it answers with what it has found and where to go on. Some thirty
/// milliseconds' worth.
pub const DIRECTORY_ENTRIES_MAX: i64 = 100_000;

/// How long a server is waited for when a connection is opened or brought to rest.
pub const SERVER_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a process that starts waits for another to bring up the schema of a database on a server.
pub const MIGRATION_WAIT_MAX: Duration = Duration::from_mins(1);

/// Servers that the URL of a database may name: a primary and those that could take its place.
pub const SERVER_HOSTS_MAX: usize = 8;

/// How long a copy of the database is waited for: the server itself would have answered.
pub const REPLICA_WAIT_MAX: Duration = Duration::from_millis(250);

/// How long a copy is left alone that did not answer.
pub const REPLICA_REST: Duration = Duration::from_secs(5);

/// How long a copy is left alone that did not know yet what is known here.
pub const REPLICA_LAG_REST: Duration = Duration::from_millis(50);

/// Changes of others that are read at a time, each whole.
pub const FOLLOWED_REVISIONS_MAX: u32 = 256;

/// How much a change of others may have touched, in entities, to be read entity by entity: what touched more counts as having
/// touched everything.
pub const FOLLOWED_ENTITIES_MAX: u16 = 1_024;

/// How long a server keeps a writer's transaction in which nothing happens: while it does, no other sidecar can write.
pub const IDLE_WRITE_MAX: Duration = Duration::from_secs(5);
