//! Many rows in one statement.

use super::refusal::{Reason, Refused, reasons};
use super::{Kind, insert};
use crate::store::limits::IMPORT_PAGE_CACHE_KIBIBYTES_MAX;
use crate::store::sql::{self, Connection, Dialect};
use crate::store::{Store, StoreError, WriteTransaction, row};

/// What comes with a new group or user, and how deep folders may lie.
#[derive(Debug, Clone)]
pub struct Spaces {
    /// Kinds of tools of a group, as a JSON array.
    pub group_tools: String,
    /// Kinds of tools of a private space, as a JSON array.
    pub private_tools: String,
    /// How many folders may lie in each other (D8).
    pub folder_depth_max: u32,
}

/// How much of a file is part of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Lines.
    pub lines: u64,
    /// Bytes of those lines, their ends included.
    pub bytes: u64,
    /// SHA-256 of those bytes, in hexadecimal.
    pub digest: String,
    /// Whether the file ended there.
    pub finished: bool,
}

impl Store {
    /// Gives the writer the memory that an import needs, until the store is closed.
    ///
    /// # Errors
    /// [`StoreError`] if the store was not opened to write, or the database does not answer.
    pub async fn import_prepare(&self) -> Result<(), StoreError> {
        let mut lease = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?.lease().await?;
        if lease.connection().dialect() == Dialect::Postgres {
            return Ok(());
        }
        // What undoes a statement stays in memory too.
        let settings = format!("PRAGMA cache_size = -{IMPORT_PAGE_CACHE_KIBIBYTES_MAX}; PRAGMA temp_store = MEMORY");
        lease.connection().run(sql::OfConstants(settings)).await?;
        Ok(())
    }

    /// How far the last import came, if there was one.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn import_progress(&self) -> Result<Option<Progress>, StoreError> {
        let sql = "SELECT lines, bytes, digest, finished FROM imports WHERE one = 1";
        let mut lease = self.reader().await?;
        let Some(found) = sql::query(sql).fetch_optional(lease.connection()).await? else { return Ok(None) };
        Ok(Some(Progress {
            lines: row::count(&found, "lines")?,
            bytes: row::count(&found, "bytes")?,
            digest: row::get(&found, "digest")?,
            finished: row::get(&found, "finished")?,
        }))
    }
}

impl WriteTransaction {
    /// Adds `count` rows, given as a JSON array: all of them, or none and `false`.
    ///
    /// What it touches is for the caller to say, once for all rows.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written for another reason than the rows.
    pub async fn import_rows(
        &mut self,
        kind: Kind,
        rows: &str,
        count: u64,
        spaces: &Spaces,
    ) -> Result<bool, StoreError> {
        self.all_or_none(async |connection| insert_all(connection, kind, rows, count, spaces).await).await
    }

    /// Undoes what `insert` did if it answers `false`.
    pub(super) async fn all_or_none(
        &mut self,
        insert: impl AsyncFnOnce(&mut Connection) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let connection = self.connection();
        sql::query("SAVEPOINT rows").execute(&mut *connection).await?;
        let taken = insert(&mut *connection).await?;
        if !taken {
            sql::query("ROLLBACK TO rows").execute(&mut *connection).await?;
        }
        sql::query("RELEASE rows").execute(&mut *connection).await?;
        Ok(taken)
    }

    /// Why this row, a JSON array of one, was refused.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn import_refusal(&mut self, kind: Kind, row: &str) -> Result<Refused, StoreError> {
        for Reason { refused, condition } in reasons(kind) {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM json_each(?1) AS rows WHERE {condition}) AS found");
            // Made of constants of this program alone.
            let answer = sql::query(sql::OfConstants(sql)).bind(row).fetch_one(self.connection()).await?;
            if row::get(&answer, "found")? {
                return Ok(refused.clone());
            }
        }
        Ok(Refused::UNKNOWN)
    }

    /// Ends the marks of kept grants whose owner and grantee share a group by now (F7).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn import_release_kept(&mut self) -> Result<(), StoreError> {
        let sql = concat!("UPDATE grants SET kept = 0 WHERE kept = 1 AND ", crate::store::bulk::shared!());
        sql::query(sql).execute(self.connection()).await?;
        Ok(())
    }

    /// Remembers how far the import came, as part of this transaction.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn import_remember(&mut self, progress: &Progress) -> Result<(), StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        sql::query(
            "INSERT INTO imports (one, lines, bytes, digest, finished) VALUES (1, ?, ?, ?, ?)
             ON CONFLICT (one) DO UPDATE SET lines = excluded.lines, bytes = excluded.bytes, digest = excluded.digest,
                 finished = excluded.finished",
        )
        .bind(number(progress.lines))
        .bind(number(progress.bytes))
        .bind(&progress.digest)
        .bind(progress.finished)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn insert_all(
    connection: &mut Connection,
    kind: Kind,
    rows: &str,
    count: u64,
    spaces: &Spaces,
) -> Result<bool, StoreError> {
    for (step, sql) in insert::statements(kind).iter().enumerate() {
        let query = sql::query(*sql).bind(rows).bind(&spaces.group_tools).bind(&spaces.private_tools);
        let done = match query.bind(spaces.folder_depth_max).execute(&mut *connection).await {
            Ok(done) => done,
            Err(sqlx::Error::Database(error)) if is_constraint(error.as_ref()) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if step == 0 && done.rows_affected() != count {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `SQLITE_CONSTRAINT`, whichever constraint it is.
///
/// A server tells them by a class of their own, and by another what cannot be a value of the column.
pub(super) fn is_constraint(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return code.starts_with("23") || code.starts_with("22");
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xff == 19)
}
