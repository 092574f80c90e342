//! Everything in: batches of rows, in one transaction or in many with a point to go on from.

use super::lines::Lines;
use super::record::{self, Line, Malformed};
use crate::config::ToolKinds;
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::{EntityUid, FolderId, Revision, ToolKind};
use crate::store::bulk::{Kind, Progress, Refused, Spaces};
use crate::store::{Change, Follower, Store, StoreError, WriteTransaction};
use std::collections::HashSet;
use std::io::{self, BufRead};
use thiserror::Error;

/// Rows in one statement.
const BATCH_ROWS: usize = 1_000;

/// Lines in one transaction, where there are several: what is lost at most when an import is cut short.
pub const TRANSACTION_LINES: u64 = 100_000;

/// Why an import did not come to its end.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A line that cannot be part of the database.
    #[error("line {line}: {problem}")]
    Refused {
        /// Which line, from 1.
        line: u64,
        /// Field, what is wrong, rule.
        problem: String,
    },
    /// Another file was begun.
    #[error(
        "an import of another file stopped after line {lines}, or that file was changed before there: \
         continue with the file as it was, or begin anew with --restart"
    )]
    OtherFile {
        /// How many lines of that file are part of the database.
        lines: u64,
    },
    /// The lines cannot be read.
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
    /// The database does not take it, for another reason than a line.
    #[error("the database cannot be written")]
    Store(#[from] StoreError),
}

impl ImportError {
    pub(super) fn refused(line: u64, field: Option<&str>, detail: &str, rule: Option<&str>) -> Self {
        let field = field.map(|field| format!("`{field}` ")).unwrap_or_default();
        let rule = rule.map(|rule| format!(" (rule {rule})")).unwrap_or_default();
        Self::Refused { line, problem: format!("{field}{detail}{rule}") }
    }

    fn malformed(line: u64, error: &Malformed) -> Self {
        Self::refused(line, error.field.as_deref(), &error.detail, error.rule)
    }

    fn unfit(line: u64, refused: &Refused) -> Self {
        Self::Refused { line, problem: refused.to_string() }
    }
}

/// How to import.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// How many lines make a transaction; `None` is one transaction, all lines or none.
    pub transaction_lines: Option<u64>,
    /// Forget how far an earlier import came.
    pub restart: bool,
    /// Which tools new spaces have (S1).
    pub kinds: &'a ToolKinds,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Lines that an earlier run had imported.
    pub skipped: u64,
    /// Lines that are now part of the database too.
    pub lines: u64,
    /// The revision after it.
    pub revision: Revision,
}

/// Nobody decides anything while an import owns the database, so no cache is to be told.
struct Nobody;

impl Follower for Nobody {
    fn raise(&self, _: &[EntityUid], _: Revision) {}
    fn publish(&self, _: Revision) {}
}

/// Reads lines and makes them part of the database; `store` must own it. `open` gives the file from
/// its beginning, `advance` hears how many bytes were read.
///
/// # Errors
/// [`ImportError`]. With one transaction nothing was imported then, otherwise what came up to the
/// last point to go on from.
pub async fn import<R: BufRead>(
    store: &Store,
    open: impl Fn() -> io::Result<R>,
    plan: Plan<'_>,
    mut advance: impl FnMut(u64),
) -> Result<Imported, ImportError> {
    let mut lines = match plan.transaction_lines {
        None => Lines::new(open()?, false),
        Some(_) => go_on(store, &open, plan.restart).await?,
    };
    advance(lines.bytes);
    let skipped = lines.count;
    let mut run = Run { plan, spaces: spaces(plan.kinds), advance };
    let mut revision = store.revision().await?;
    loop {
        let mut transaction = store.write("import", None, plan.now_ms).await?;
        let before = lines.count;
        let finished = run.fill(&mut transaction, &mut lines).await?;
        if lines.count > before {
            // INVARIANT: one mark for everything, so that a change of a million rows is one row of the
            // record. Who follows the record takes it as a change of every entity there is.
            transaction.touch(EntityUid::new("Store", "*"), Change::Changed);
            if plan.transaction_lines.is_some() {
                transaction.import_remember(&progress(&lines, finished)).await?;
            }
        }
        revision = revision.max(transaction.commit(&Nobody).await?);
        if finished {
            return Ok(Imported { skipped, lines: lines.count - skipped, revision });
        }
    }
}

fn progress(lines: &Lines<impl BufRead>, finished: bool) -> Progress {
    Progress { lines: lines.count, bytes: lines.bytes, digest: lines.digest(), finished }
}

/// The file, past what an earlier run has imported of it.
async fn go_on<R: BufRead>(
    store: &Store,
    open: &impl Fn() -> io::Result<R>,
    restart: bool,
) -> Result<Lines<R>, ImportError> {
    let mut lines = Lines::new(open()?, true);
    let Some(point) = store.import_progress().await?.filter(|_| !restart) else { return Ok(lines) };
    while lines.bytes < point.bytes && lines.next()?.is_some() {}
    if lines.bytes == point.bytes && lines.digest() == point.digest {
        return Ok(lines);
    }
    // An import that came to its end is no reason not to import another file.
    if point.finished { Ok(Lines::new(open()?, true)) } else { Err(ImportError::OtherFile { lines: point.lines }) }
}

fn spaces(kinds: &ToolKinds) -> Spaces {
    let names = |kinds: &[ToolKind]| kinds.iter().map(ToolKind::as_str).collect::<serde_json::Value>().to_string();
    Spaces {
        group_tools: names(&kinds.group),
        private_tools: names(&kinds.private),
        folder_depth_max: u32::try_from(FOLDER_DEPTH_MAX).unwrap_or(u32::MAX),
    }
}

struct Run<'a, F> {
    plan: Plan<'a>,
    spaces: Spaces,
    advance: F,
}

impl<F: FnMut(u64)> Run<'_, F> {
    /// Adds lines until the transaction is full or the file ends. Whether it ended.
    async fn fill(
        &mut self,
        transaction: &mut WriteTransaction,
        lines: &mut Lines<impl BufRead>,
    ) -> Result<bool, ImportError> {
        let last_item = transaction.import_begin().await?;
        let end = self.plan.transaction_lines.map_or(u64::MAX, |some| lines.count.saturating_add(some));
        let mut batch = Batch::default();
        let mut finished = false;
        while lines.count < end || lines.is_at_end()? {
            let bytes = lines.bytes;
            let Some(text) = lines.next()? else {
                finished = true;
                break;
            };
            let line = if text.is_empty() { Ok(Line::Format) } else { record::read(text) };
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    // What comes before may be wrong too, and the first mistake is the one to show.
                    self.flush(transaction, &mut batch).await?;
                    return Err(ImportError::malformed(lines.count, &error));
                }
            };
            (self.advance)(lines.bytes - bytes);
            if !batch.has_room_for(&line) {
                self.flush(transaction, &mut batch).await?;
            }
            batch.add(line, lines.count);
        }
        self.flush(transaction, &mut batch).await?;
        transaction.import_count(last_item).await?;
        Ok(finished)
    }

    async fn flush(&self, transaction: &mut WriteTransaction, batch: &mut Batch) -> Result<(), ImportError> {
        let batch = std::mem::take(batch);
        let Some(kind) = batch.kind else { return Ok(()) };
        let count = u64::try_from(batch.rows.len()).unwrap_or(u64::MAX);
        let rows = format!("[{}]", batch.rows.join(","));
        if transaction.import_rows(kind, &rows, count, &self.spaces).await? {
            return Ok(());
        }
        for (row, line) in batch.rows.iter().zip(&batch.lines) {
            let row = format!("[{row}]");
            if !transaction.import_rows(kind, &row, 1, &self.spaces).await? {
                return Err(ImportError::unfit(*line, &transaction.import_refusal(kind, &row).await?));
            }
        }
        Ok(())
    }
}

/// Rows of one kind, none of which refers to another of them.
#[derive(Default)]
struct Batch {
    kind: Option<Kind>,
    rows: Vec<String>,
    /// The line of each row.
    lines: Vec<u64>,
    folders: HashSet<FolderId>,
}

impl Batch {
    fn has_room_for(&self, line: &Line) -> bool {
        match line {
            Line::Format => true,
            Line::Row { kind, folders, .. } => {
                let outer = folders.as_ref().and_then(|(_, outer)| outer.as_ref());
                self.kind.is_none_or(|own| own == *kind)
                    && self.rows.len() < BATCH_ROWS
                    && outer.is_none_or(|outer| !self.folders.contains(outer))
            }
        }
    }

    fn add(&mut self, line: Line, number: u64) {
        let Line::Row { kind, columns, folders } = line else { return };
        self.kind = Some(kind);
        self.rows.push(columns);
        self.lines.push(number);
        self.folders.extend(folders.map(|(id, _)| id));
    }
}
