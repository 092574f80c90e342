//! Everything in: batches of rows, in one transaction or in many with a point to go on from.

use super::batch::{Batch, Rows};
use super::lines::Lines;
use super::reading::{self, Step};
use super::record::Malformed;
use crate::config::ToolKinds;
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::{EntityUid, Revision, ToolKind};
use crate::store::bulk::items::{NewItem, Places};
use crate::store::bulk::{Kind, Progress, Refused, Spaces};
use crate::store::{Change, Follower, Store, StoreError, WriteTransaction};
use std::io::{self, BufRead};
use thiserror::Error;
use tokio::sync::mpsc::Receiver;

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

    pub(super) fn malformed(line: u64, error: &Malformed) -> Self {
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
pub async fn import<R: BufRead + Send + 'static>(
    store: &Store,
    open: impl Fn() -> io::Result<R>,
    plan: Plan<'_>,
    mut advance: impl FnMut(u64),
) -> Result<Imported, ImportError> {
    let lines = match plan.transaction_lines {
        None => Lines::new(open()?, false),
        Some(_) => go_on(store, &open, plan.restart).await?,
    };
    advance(lines.bytes);
    let (skipped, mut count) = (lines.count, lines.count);
    store.import_prepare().await?;
    let bytes = lines.bytes;
    let steps = reading::start(lines, plan.transaction_lines);
    let mut run =
        Run { steps, bytes, people_or_grants: false, places: Places::default(), spaces: spaces(plan.kinds), advance };
    let mut revision = store.revision().await?;
    loop {
        let mut transaction = store.write("import", None, plan.now_ms).await?;
        let reached = run.fill(&mut transaction).await?;
        if reached.lines > count {
            // INVARIANT: one mark for everything, so that a change of a million rows is one row of the
            // record. Who follows the record takes it as a change of every entity there is.
            transaction.touch(EntityUid::new("Store", "*"), Change::Changed);
            if plan.transaction_lines.is_some() {
                transaction.import_remember(&reached).await?;
            }
        }
        revision = revision.max(transaction.commit(&Nobody).await?);
        count = reached.lines;
        if reached.finished {
            return Ok(Imported { skipped, lines: count - skipped, revision });
        }
    }
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

struct Run<F> {
    steps: Receiver<Step>,
    /// How many bytes of the file are done with.
    bytes: u64,
    /// Whether anything came that may end a kept grant's being kept (F7), or begin it.
    people_or_grants: bool,
    places: Places,
    spaces: Spaces,
    advance: F,
}

impl<F: FnMut(u64)> Run<F> {
    /// Adds rows until the transaction is to end. How far that is.
    async fn fill(&mut self, transaction: &mut WriteTransaction) -> Result<Progress, ImportError> {
        let reached = loop {
            match self.steps.recv().await {
                Some(Step::Rows(batch)) => {
                    let bytes = batch.bytes;
                    self.add(transaction, *batch).await?;
                    self.reach(bytes);
                }
                Some(Step::End(reached)) => break reached,
                Some(Step::Stop(error)) => return Err(error),
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        };
        self.reach(reached.bytes);
        transaction.import_count(&mut self.places).await?;
        if self.people_or_grants {
            transaction.import_release_kept().await?;
        }
        Ok(reached)
    }

    fn reach(&mut self, bytes: u64) {
        (self.advance)(bytes - self.bytes);
        self.bytes = bytes;
    }

    async fn add(&mut self, transaction: &mut WriteTransaction, batch: Batch) -> Result<(), ImportError> {
        match batch.rows {
            Rows::Items(items) => self.add_items(transaction, &items, &batch.lines).await,
            Rows::Columns(kind, rows) => self.add_rows(transaction, kind, &rows, &batch.lines).await,
        }
    }

    /// All at once; if one of them does not fit one after the other, to find out which.
    async fn add_items(
        &mut self,
        transaction: &mut WriteTransaction,
        items: &[NewItem],
        lines: &[u64],
    ) -> Result<(), ImportError> {
        if transaction.import_items(items, &mut self.places).await? {
            return Ok(());
        }
        for (item, line) in items.iter().zip(lines) {
            if !transaction.import_items(std::slice::from_ref(item), &mut self.places).await? {
                let row = format!("[{}]", item.columns());
                return Err(ImportError::unfit(*line, &transaction.import_refusal(Kind::Item, &row).await?));
            }
        }
        Ok(())
    }

    /// The same for other rows.
    async fn add_rows(
        &mut self,
        transaction: &mut WriteTransaction,
        kind: Kind,
        rows: &[String],
        lines: &[u64],
    ) -> Result<(), ImportError> {
        self.people_or_grants |= matches!(kind, Kind::Group | Kind::Member | Kind::Grant);
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let all = format!("[{}]", rows.join(","));
        if transaction.import_rows(kind, &all, count, &self.spaces).await? {
            return Ok(());
        }
        for (row, line) in rows.iter().zip(lines) {
            let row = format!("[{row}]");
            if !transaction.import_rows(kind, &row, 1, &self.spaces).await? {
                return Err(ImportError::unfit(*line, &transaction.import_refusal(kind, &row).await?));
            }
        }
        Ok(())
    }
}
