//! Deleting items, and folders with all below them (D8).

use super::Located;
use crate::domain::EntityUid;
use crate::domain::uid::types;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};
use smol_str::SmolStr;

/// A statement over `below`, the keys of all folders at or below folder ?1 of tool ?2.
macro_rules! below {
    ($statement:literal) => {
        concat!(
            "WITH RECURSIVE below (key) AS (
                 SELECT ?1 UNION SELECT f.key FROM folders f JOIN below b ON f.parent = b.key AND f.tool = ?2) ",
            $statement
        )
    };
}

impl WriteTransaction {
    /// Deletes an item with the grants on it and gives its room back.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn remove_item(&mut self, item: &Located) -> Result<(), StoreError> {
        self.run("DELETE FROM grants WHERE resource_type = 'Item' AND resource = ?1 AND tool = ?2", item).await?;
        self.run("DELETE FROM items WHERE key = ?1 AND tool = ?2", item).await?;
        self.touch(item.content.uid(), Change::Deleted);
        self.count(item, -item.size).await
    }

    /// Deletes a folder with everything below it and all grants there, and gives the room back.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn remove_folder(&mut self, folder: &Located) -> Result<(), StoreError> {
        let (items, size) = self.items_below(folder).await?;
        let folders = self.folders_below(folder).await?;
        // Short keys are given again: a grant left behind would be one on whatever comes next.
        self.run(ITEM_GRANTS, folder).await?;
        self.run(FOLDER_GRANTS, folder).await?;
        self.run(below!("DELETE FROM items WHERE tool = ?2 AND folder IN (SELECT key FROM below)"), folder).await?;
        self.run(below!("DELETE FROM folders WHERE key IN (SELECT key FROM below)"), folder).await?;
        for id in items {
            self.touch(EntityUid::new(types::ITEM, id), Change::Deleted);
        }
        for id in folders {
            self.touch(EntityUid::new(types::FOLDER, id), Change::Deleted);
        }
        self.count(folder, -size).await
    }

    /// Runs a statement whose ?1 is the key of `content` and whose ?2 is its tool's.
    async fn run(&mut self, sql: &'static str, content: &Located) -> Result<(), StoreError> {
        sql::query(sql).bind(content.key).bind(content.tool_key).execute(self.connection()).await?;
        Ok(())
    }

    /// Ids of all items below a folder and the sum of their sizes, in the tool's own unit.
    async fn items_below(&mut self, folder: &Located) -> Result<(Vec<SmolStr>, i64), StoreError> {
        let sql = below!("SELECT id, size FROM items WHERE tool = ?2 AND folder IN (SELECT key FROM below)");
        let query = sql::query(sql).bind(folder.key).bind(folder.tool_key);
        let (mut ids, mut total) = (Vec::new(), 0);
        for row in query.fetch_all(self.connection()).await? {
            let size: i64 = row::get(&row, "size")?;
            ids.push(SmolStr::new(row::get::<&str>(&row, "id")?));
            // Part of a sum that fits: the tool counts all of them.
            total += size;
        }
        Ok((ids, total))
    }

    /// Ids of a folder and all folders below it.
    async fn folders_below(&mut self, folder: &Located) -> Result<Vec<SmolStr>, StoreError> {
        let sql = below!("SELECT id FROM folders WHERE key IN (SELECT key FROM below)");
        let query = sql::query(sql).bind(folder.key).bind(folder.tool_key);
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(|row| row::get::<&str>(row, "id").map(SmolStr::new)).collect()
    }
}

const ITEM_GRANTS: &str = below!(
    "DELETE FROM grants WHERE tool = ?2 AND resource_type = 'Item'
         AND resource IN (SELECT key FROM items WHERE tool = ?2 AND folder IN (SELECT key FROM below))"
);

const FOLDER_GRANTS: &str =
    below!("DELETE FROM grants WHERE tool = ?2 AND resource_type = 'Folder' AND resource IN (SELECT key FROM below)");
