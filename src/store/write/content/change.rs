//! Changing folders and items that are there.

use super::Located;
use crate::domain::ContentRef;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction};

impl WriteTransaction {
    /// Gives a folder or item another name, or none.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn rename(&mut self, content: &Located, name: Option<&str>) -> Result<(), StoreError> {
        let sql = match content.content {
            ContentRef::Tool(_) => return Ok(()),
            ContentRef::Folder(_) => "UPDATE folders SET name = ?1 WHERE key = ?2 AND name IS DISTINCT FROM ?1",
            ContentRef::Item(_) => "UPDATE items SET name = ?1 WHERE key = ?2 AND name IS DISTINCT FROM ?1",
        };
        let result = sql::query(sql).bind(name).bind(content.key).execute(self.connection()).await?;
        if result.rows_affected() > 0 {
            self.touch(content.content.uid(), Change::Changed);
        }
        Ok(())
    }

    /// Gives an item another size and counts the difference.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn resize_item(&mut self, item: &Located, size: i64) -> Result<(), StoreError> {
        let sql = "UPDATE items SET size = ? WHERE key = ?";
        sql::query(sql).bind(size).bind(item.key).execute(self.connection()).await?;
        self.touch(item.content.uid(), Change::Changed);
        // Both are at least 0, so the difference fits.
        self.count(item, size - item.size).await
    }

    /// Moves a folder, with all below it, or an item to another place of the same tool.
    ///
    /// Touches only what is moved: whatever lies below rests on its folder chain, and so on it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn relocate(&mut self, content: &Located, place: &Located) -> Result<(), StoreError> {
        let sql = match content.content {
            ContentRef::Tool(_) => return Ok(()),
            ContentRef::Folder(_) => "UPDATE folders SET parent = ? WHERE key = ?",
            ContentRef::Item(_) => "UPDATE items SET folder = ? WHERE key = ?",
        };
        sql::query(sql).bind(place.as_folder()).bind(content.key).execute(self.connection()).await?;
        self.touch(content.content.uid(), Change::Changed);
        Ok(())
    }
}
