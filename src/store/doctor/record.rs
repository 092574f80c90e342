//! What the store promises: a sound file, references that lead somewhere, a record without gaps.

use super::{Query, broken};

pub(super) const QUERIES: &[Query] = &[
    broken(
        "store",
        "the database file is sound (PRAGMA integrity_check)",
        "SELECT integrity_check AS offender FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    broken(
        "store",
        "every reference leads to a row (PRAGMA foreign_key_check)",
        "SELECT format('%s row %s: no such row of %s', \"table\", coalesce(rowid, '?'), parent) AS offender
         FROM pragma_foreign_key_check",
    ),
    broken(
        "store",
        "there is one revision, and it is that of the last commit",
        "SELECT format('revision %s, last commit %s', coalesce((SELECT revision FROM store WHERE one = 1), 'none'),
                       coalesce((SELECT max(revision) FROM commits), 0)) AS offender
         WHERE (SELECT revision FROM store WHERE one = 1) IS NOT coalesce((SELECT max(revision) FROM commits), 0)",
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
