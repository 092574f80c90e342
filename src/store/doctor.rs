//! Whether a database keeps the invariants of the rules: one query per invariant, each finding what breaks it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `people`, `content`, `entities`, `record` | the queries, by what they are about |
//! | `texts` | what no query can say: ids and folded names |

mod content;
mod entities;
mod people;
mod record;
mod texts;

use super::damage::is_damage;
use super::{Store, StoreError, row};
use crate::domain::ToolKind;
use crate::store::sql::{self, Both, Connection, Row};
use futures_util::TryStreamExt as _;
use std::fmt;
use std::pin::pin;

/// How many offenders of one check are named; the others are counted.
pub const OFFENDERS_NAMED_MAX: usize = 20;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// An invariant is broken.
    Broken,
    /// The rules allow it; somebody may want to know.
    Note,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id (`A6`), or `store` for what the store itself promises.
    pub rule: &'static str,
    /// What must hold.
    pub says: &'static str,
    /// Whether anything else is an error.
    pub severity: Severity,
    /// What breaks it: ids, at most [`OFFENDERS_NAMED_MAX`].
    pub offenders: Vec<String>,
    /// How many break it, those named included.
    pub count: u64,
}

impl Finding {
    const fn new(rule: &'static str, says: &'static str, severity: Severity) -> Self {
        Self { rule, says, severity, offenders: Vec::new(), count: 0 }
    }

    /// Whether an invariant does not hold.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.severity == Severity::Broken && self.count > 0
    }

    fn add(&mut self, offender: String) {
        self.count += 1;
        if self.offenders.len() < OFFENDERS_NAMED_MAX {
            self.offenders.push(offender);
        }
    }
}

impl fmt::Display for Finding {
    /// One line: the rule, what must hold, and what breaks it. A damaged database may hold what would make a terminal lie.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offenders = self.offenders.join(", ").replace(char::is_control, "\u{fffd}");
        write!(f, "{} ({}): {offenders}", self.says, self.rule)
    }
}

/// An invariant and the query that finds what breaks it: one column, `offender`.
struct Query {
    rule: &'static str,
    says: &'static str,
    severity: Severity,
    /// `?1` kinds of tools in a group, `?2` in a private space (JSON arrays), `?3` now in
    /// milliseconds, `?4` the deepest folder chain.
    sql: Both,
}

const fn broken(rule: &'static str, says: &'static str, sql: &'static str) -> Query {
    Query { rule, says, severity: Severity::Broken, sql: Both { sqlite: sql, postgres: sql } }
}

/// The same, asked of each database in its own words.
const fn broken_in(rule: &'static str, says: &'static str, sql: Both) -> Query {
    Query { rule, says, severity: Severity::Broken, sql }
}

const fn note(rule: &'static str, says: &'static str, sql: &'static str) -> Query {
    Query { rule, says, severity: Severity::Note, sql: Both { sqlite: sql, postgres: sql } }
}

/// What the checks are measured against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The tools that the space of a group has (S1).
    pub group_tools: &'a [ToolKind],
    /// The tools that a private space has (S1).
    pub private_tools: &'a [ToolKind],
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
    /// How many folders may lie in each other (D8).
    pub folder_depth_max: u32,
}

impl Store {
    /// Proves every invariant there is a check for, on one snapshot. Every check answers, those
    /// that found nothing too.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn examine(&self, expected: &Expected<'_>) -> Result<Vec<Finding>, StoreError> {
        let mut transaction = self.read().await?;
        let mut findings = Vec::new();
        match examine(transaction.connection(), expected, &mut findings).await {
            // A damaged file may not let itself be asked further; that it is damaged is found first.
            Err(_) if findings.first().is_some_and(|file| file.count > 0) => Ok(findings),
            done => done.map(|()| findings),
        }
    }
}

/// What the store promises, and no rule: that the file is sound, and the record of changes whole.
pub(super) async fn sound(connection: &mut Connection) -> Result<Vec<Finding>, StoreError> {
    let expected = Expected { group_tools: &[], private_tools: &[], now_ms: 0, folder_depth_max: 0 };
    let mut findings = Vec::new();
    for query in record::QUERIES {
        findings.push(ask(connection, query, &expected).await?);
    }
    Ok(findings)
}

async fn examine(
    connection: &mut Connection,
    expected: &Expected<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for query in record::QUERIES.iter().chain(people::QUERIES).chain(content::QUERIES).chain(entities::QUERIES) {
        findings.push(ask(connection, query, expected).await?);
    }
    findings.extend(texts::check(connection).await?);
    Ok(())
}

async fn ask(connection: &mut Connection, query: &Query, expected: &Expected<'_>) -> Result<Finding, StoreError> {
    let mut finding = Finding::new(query.rule, query.says, query.severity);
    let statement = sql::query(query.sql)
        .bind(names(expected.group_tools))
        .bind(names(expected.private_tools))
        .bind(expected.now_ms)
        .bind(expected.folder_depth_max);
    let mut rows = pin!(statement.fetch(connection));
    loop {
        match rows.try_next().await {
            Ok(Some(row)) => finding.add(offender(&row)?),
            Ok(None) => return Ok(finding),
            // What cannot be asked because the file is damaged does not hold.
            Err(error) if is_damage(&error) => {
                finding.add(error.to_string());
                return Ok(finding);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn offender(row: &Row) -> Result<String, StoreError> {
    row::get(row, "offender")
}

/// A JSON array.
fn names(kinds: &[ToolKind]) -> String {
    kinds.iter().map(ToolKind::as_str).collect::<serde_json::Value>().to_string()
}

#[cfg(test)]
mod tests;
