//! First answers to calls with an `Idempotency-Key`: whoever retries gets the same again.
//!
//! Keys and requests are kept as hashes alone: both may hold what is nobody else's business.

use super::{Store, StoreError, limits, row};
use crate::domain::Revision;
use crate::store::sql::{self, Connection, Row};

/// SHA-256 of something.
pub type Hash = [u8; 32];

/// An answer to give again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Of caller and key.
    pub key_hash: Hash,
    /// Of method, path and body: another request with the same key is a mistake.
    pub request_hash: Hash,
    /// The status.
    pub status: u16,
    /// The revision, where the answer named one.
    pub revision: Option<Revision>,
    /// The body, without secrets; empty where there was none.
    pub body: Vec<u8>,
}

const INSERT: &str = "
    INSERT INTO idempotency (key_hash, request_hash, at_ms, status, revision, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const SELECT: &str = "
    SELECT key_hash, request_hash, status, revision, body FROM idempotency WHERE key_hash = ?1 AND at_ms > ?2";
const EXPIRE: &str = "DELETE FROM idempotency WHERE at_ms <= ?1";
const PRUNE: &str = "DELETE FROM idempotency WHERE number <= (SELECT max(number) FROM idempotency) - ?1";

impl Store {
    /// The answer kept for this key, unless it has expired by `now_ms`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn kept_answer(&self, key_hash: &Hash, now_ms: i64) -> Result<Option<KeptAnswer>, StoreError> {
        let mut transaction = self.read().await?;
        let oldest = now_ms.saturating_sub(limits::IDEMPOTENCY_MILLISECONDS);
        let query = sql::query(SELECT).bind(key_hash.as_slice()).bind(oldest);
        query.fetch_optional(transaction.connection()).await?.as_ref().map(read).transpose()
    }
}

/// Keeps an answer, and lets go of those that have expired or are too many.
pub(super) async fn insert(connection: &mut Connection, answer: &KeptAnswer, now_ms: i64) -> Result<(), StoreError> {
    let oldest = now_ms.saturating_sub(limits::IDEMPOTENCY_MILLISECONDS);
    sql::query(EXPIRE).bind(oldest).execute(&mut *connection).await?;
    sql::query(INSERT)
        .bind(answer.key_hash.as_slice())
        .bind(answer.request_hash.as_slice())
        .bind(now_ms)
        .bind(answer.status)
        .bind(answer.revision.map(|revision| i64::try_from(revision.0).unwrap_or(i64::MAX)))
        .bind(answer.body.as_slice())
        .execute(&mut *connection)
        .await?;
    sql::query(PRUNE).bind(limits::IDEMPOTENCY_ROWS_MAX).execute(connection).await?;
    Ok(())
}

fn read(found: &Row) -> Result<KeptAnswer, StoreError> {
    Ok(KeptAnswer {
        key_hash: hash(found, "key_hash")?,
        request_hash: hash(found, "request_hash")?,
        status: row::get(found, "status")?,
        revision: row::optional_count(found, "revision")?.map(Revision),
        body: row::get(found, "body")?,
    })
}

fn hash(found: &Row, column: &'static str) -> Result<Hash, StoreError> {
    let bytes: &[u8] = row::get(found, column)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("`{column}` is no hash")))
}

#[cfg(test)]
mod tests;
