//! Everything out.

use super::FORMAT_VERSION;
use crate::store::bulk::Kind;
use crate::store::{Store, StoreError};
use std::io::{self, Write};
use thiserror::Error;

/// Why an export did not come to its end.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The database cannot be read.
    #[error("the database cannot be read")]
    Store(#[from] StoreError),
    /// The lines cannot be written.
    #[error("the lines cannot be written")]
    Write(#[from] io::Error),
}

/// Writes every line, all from one snapshot, in an order that follows from what is kept. `advance`
/// hears how many lines there will be, then of each one. Answers with how many there were.
///
/// # Errors
/// [`ExportError`]; what was written before stays.
pub async fn export(
    store: &Store,
    out: &mut impl Write,
    mut advance: impl FnMut(Option<u64>),
) -> Result<u64, ExportError> {
    let mut transaction = store.read().await?;
    advance(Some(transaction.export_count().await?));
    writeln!(out, r#"{{"type":"format","version":{FORMAT_VERSION}}}"#)?;
    let mut lines = 0;
    let mut take = |line: &str| -> Result<(), ExportError> {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        lines += 1;
        advance(None);
        Ok(())
    };
    for kind in Kind::ALL {
        transaction.export(kind, &mut take).await?;
    }
    out.flush()?;
    Ok(lines)
}
