//! What the store promises: a sound file, references that lead somewhere, a record without gaps.

use super::{Both, Query, broken, broken_in};

pub(super) const QUERIES: &[Query] = &[
    broken_in(
        "store",
        "the database is sound (PRAGMA integrity_check; no index left unfinished)",
        Both {
            sqlite: "SELECT integrity_check AS offender FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
            postgres: "SELECT format('index %s', indexrelid::regclass) AS offender FROM pg_index
                       JOIN pg_class ON pg_class.oid = indexrelid
                       WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready)",
        },
    ),
    broken_in(
        "store",
        "every reference leads to a row (PRAGMA foreign_key_check; no constraint left unchecked)",
        Both {
            sqlite: "SELECT format('%s row %s: no such row of %s', \"table\", coalesce(rowid, '?'), parent) AS offender
                     FROM pragma_foreign_key_check",
            postgres: "SELECT format('%s of %s', conname, conrelid::regclass) AS offender FROM pg_constraint
                       WHERE connamespace = current_schema()::regnamespace AND NOT convalidated",
        },
    ),
    broken(
        "store",
        "there is one revision, and it is that of the last commit",
        "SELECT format('revision %s, last commit %s', (SELECT CAST(revision AS TEXT) FROM store WHERE one = 1),
                       coalesce((SELECT max(revision) FROM commits), 0)) AS offender
         WHERE (SELECT revision FROM store WHERE one = 1) IS DISTINCT FROM coalesce((SELECT max(revision) FROM commits), 0)",
    ),
    broken(
        "store",
        "revisions are counted from 1 without gaps, but before a restore",
        "SELECT format('commit %s', revision) AS offender FROM commits
         WHERE revision < 1 OR (revision > 1 AND command <> 'restore' AND NOT EXISTS (
             SELECT 1 FROM commits AS before WHERE before.revision = commits.revision - 1))",
    ),
    broken(
        "store",
        "every commit touched something, its changes counted from 0 without gaps",
        "SELECT format('commit %s', commits.revision) AS offender
         FROM commits LEFT JOIN changes ON changes.revision = commits.revision
         GROUP BY commits.revision
         HAVING count(changes.ordinal) = 0 OR min(changes.ordinal) <> 0
             OR max(changes.ordinal) <> count(changes.ordinal) - 1",
    ),
    broken(
        "store",
        "every change belongs to a commit",
        "SELECT DISTINCT format('change of revision %s', revision) AS offender FROM changes
         WHERE revision NOT IN (SELECT revision FROM commits)",
    ),
];
