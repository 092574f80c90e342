//! Rows of one kind that are handed to the database together.

use super::record::Line;
use crate::domain::FolderId;
use crate::store::bulk::{Kind, items};
use std::collections::HashSet;

/// What is in a batch.
#[derive(Debug)]
pub(super) enum Rows {
    /// Items.
    Items(Vec<items::NewItem>),
    /// Anything else: a JSON array of columns each.
    Columns(Kind, Vec<String>),
}

/// Rows of one kind, none of which refers to another of them.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) rows: Rows,
    /// The line of each row.
    pub(super) lines: Vec<u64>,
    /// How many bytes the file has up to here.
    pub(super) bytes: u64,
    folders: HashSet<FolderId>,
}

impl Batch {
    /// A batch of one row, if the line is one.
    pub(super) fn begin(line: Line, number: u64, bytes: u64) -> Option<Self> {
        let mut folders = HashSet::new();
        let rows = match line {
            Line::Format => return None,
            Line::Item(item) => {
                let mut items = Vec::with_capacity(items::ROWS_MAX);
                items.push(item);
                Rows::Items(items)
            }
            Line::Row { kind, columns, folders: named } => {
                folders.extend(named.map(|(id, _)| id));
                Rows::Columns(kind, vec![columns])
            }
        };
        Some(Self { rows, lines: vec![number], bytes, folders })
    }

    /// Adds a line. What does not fit is given back.
    pub(super) fn add(&mut self, line: Line, number: u64, bytes: u64) -> Option<Line> {
        if self.lines.len() >= items::ROWS_MAX {
            return Some(line);
        }
        match (&mut self.rows, line) {
            (_, Line::Format) => return None,
            (Rows::Items(items), Line::Item(item)) => items.push(item),
            (Rows::Columns(own, rows), Line::Row { kind, columns, folders: named })
                if *own == kind && !outer(named.as_ref()).is_some_and(|outer| self.folders.contains(outer)) =>
            {
                self.folders.extend(named.map(|(id, _)| id));
                rows.push(columns);
            }
            (_, line) => return Some(line),
        }
        self.lines.push(number);
        self.bytes = bytes;
        None
    }
}

fn outer(folders: Option<&(FolderId, Option<FolderId>)>) -> Option<&FolderId> {
    folders.and_then(|(_, outer)| outer.as_ref())
}
