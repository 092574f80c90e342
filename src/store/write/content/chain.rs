//! Folders above and below each other.

use super::Located;
use crate::store::sql;
use crate::store::{StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// How many folders a thing placed in `place` lies in: 0 directly in a tool.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn depth(&mut self, place: &Located) -> Result<usize, StoreError> {
        Ok(self.chain(place).await?.len())
    }

    /// Whether `place` is `folder` itself or lies anywhere below it (D8).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn is_at_or_below(&mut self, place: &Located, folder: &Located) -> Result<bool, StoreError> {
        Ok(self.chain(place).await?.contains(&folder.key))
    }

    /// How many levels of folders `folder` is high: 1 without folders in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn height(&mut self, folder: &Located) -> Result<usize, StoreError> {
        let sql = "WITH RECURSIVE below (key, level) AS (
                       SELECT ?1, 1
                       UNION ALL SELECT f.key, b.level + 1 FROM folders f JOIN below b ON f.parent = b.key AND f.tool = ?2)
                   SELECT max(level) AS height FROM below";
        let query = sql::query(sql).bind(folder.key).bind(folder.tool_key);
        let height: i64 = row::get(&query.fetch_one(self.connection()).await?, "height")?;
        usize::try_from(height).map_err(|_| StoreError::Corrupt(format!("a folder {height} levels high")))
    }

    /// The keys of the folders from `place` up to the tool, itself first if it is a folder.
    async fn chain(&mut self, place: &Located) -> Result<Vec<i64>, StoreError> {
        let sql = "WITH RECURSIVE chain (key) AS (
                       SELECT ?
                       UNION SELECT f.parent FROM folders f JOIN chain c ON f.key = c.key WHERE f.parent IS NOT NULL)
                   SELECT key FROM chain";
        let Some(folder) = place.as_folder() else { return Ok(Vec::new()) };
        let rows = sql::query(sql).bind(folder).fetch_all(self.connection()).await?;
        rows.iter().map(|row| row::get(row, "key")).collect()
    }
}
