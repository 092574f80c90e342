//! Users and items found by number: what a bench asks about, in databases too large to read whole.

use super::row::get;
use super::{Store, StoreError};
use crate::domain::EntityUid;
use crate::domain::uid::types;
use crate::store::sql::{self, Row};
use smol_str::SmolStr;

/// Up to which number there are users and items. Some numbers below may belong to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The largest number of a user.
    pub users: u64,
    /// The largest number of an item.
    pub items: u64,
}

/// An item and those who have to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The item.
    pub item: EntityUid,
    /// The folder it lies in, or the tool.
    pub container: EntityUid,
    /// Who added it; perhaps no user any more.
    pub author: EntityUid,
    /// The administrator of its group, or the owner of the private space.
    pub keeper: EntityUid,
    /// Its group, unless it lies in a private space.
    pub group: Option<SmolStr>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: EntityUid,
    /// Whether they help the administrator (C1).
    pub co_administrator: bool,
}

const EXTENT: &str = "
    SELECT COALESCE((SELECT MAX(rowid) FROM users), 0) AS users, COALESCE((SELECT MAX(key) FROM items), 0) AS items";

const USER: &str = "SELECT id FROM users WHERE rowid >= ?1 ORDER BY rowid LIMIT 1";

const PLACE: &str = "
    SELECT items.id AS item, items.author, folders.id AS folder, tools.id AS tool, tools.group_id,
           COALESCE(tools.owner, groups.administrator) AS keeper
    FROM items JOIN tools ON tools.key = items.tool
    LEFT JOIN folders ON folders.key = items.folder
    LEFT JOIN groups ON groups.id = tools.group_id
    WHERE items.key >= ?1 ORDER BY items.key LIMIT 1";

const PEOPLE: &str = "SELECT user_id, co_administrator FROM members WHERE group_id = ?1 ORDER BY user_id LIMIT ?2";

impl Store {
    /// Up to which number there are users and items.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let mut transaction = self.read().await?;
        let row = sql::query(EXTENT).fetch_one(transaction.connection()).await?;
        let number = |column| Ok::<_, StoreError>(u64::try_from(get::<i64>(&row, column)?).unwrap_or(0));
        Ok(Extent { users: number("users")?, items: number("items")? })
    }

    /// The user of this number or else of the next one that there is.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn user_from(&self, number: u64) -> Result<Option<EntityUid>, StoreError> {
        let mut transaction = self.read().await?;
        let row = sql::query(USER).bind(signed(number)).fetch_optional(transaction.connection()).await?;
        row.map(|row| uid(&row, types::USER, "id")).transpose()
    }

    /// The item of this number or else of the next one that there is.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn place_from(&self, number: u64) -> Result<Option<Place>, StoreError> {
        let mut transaction = self.read().await?;
        let row = sql::query(PLACE).bind(signed(number)).fetch_optional(transaction.connection()).await?;
        row.map(|row| place(&row)).transpose()
    }

    /// The first `count_max` members of a group, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn people_of(&self, group: &str, count_max: u32) -> Result<Vec<Person>, StoreError> {
        let mut transaction = self.read().await?;
        let rows = sql::query(PEOPLE).bind(group).bind(count_max).fetch_all(transaction.connection()).await?;
        rows.iter()
            .map(|row| {
                Ok(Person { user: uid(row, types::USER, "user_id")?, co_administrator: get(row, "co_administrator")? })
            })
            .collect()
    }
}

fn place(row: &Row) -> Result<Place, StoreError> {
    let folder: Option<&str> = row.try_get("folder")?;
    Ok(Place {
        item: uid(row, types::ITEM, "item")?,
        container: match folder {
            Some(folder) => EntityUid::new(types::FOLDER, folder),
            None => uid(row, types::TOOL, "tool")?,
        },
        author: uid(row, types::USER, "author")?,
        keeper: uid(row, types::USER, "keeper")?,
        group: get::<Option<&str>>(row, "group_id")?.map(SmolStr::new),
    })
}

fn uid(row: &Row, type_name: &'static str, column: &'static str) -> Result<EntityUid, StoreError> {
    Ok(EntityUid::new(type_name, get::<&str>(row, column)?))
}

/// Numbers of `SQLite` have a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::store::testing::World;

    #[tokio::test]
    async fn numbers_find_what_there_is() {
        let world = World::new().await;
        let extent = world.store.extent().await.unwrap();
        assert!(extent.users > 0 && extent.items > 0, "{extent:?}");
        let mut found = Vec::new();
        for number in 0..=extent.items {
            found.push(world.store.place_from(number).await.unwrap().unwrap());
        }
        assert_eq!(world.store.place_from(extent.items + 1).await.unwrap(), None);
        assert_eq!(world.store.user_from(extent.users + 1).await.unwrap(), None);
        assert!(world.store.user_from(1).await.unwrap().is_some());
        for place in found {
            assert_eq!((place.item.type_name.as_str(), place.keeper.type_name.as_str()), ("Item", "User"));
            assert!(["Folder", "Tool"].contains(&place.container.type_name.as_str()));
        }
    }

    #[tokio::test]
    async fn members_come_in_order_and_no_more_than_asked_for() {
        let world = World::new().await;
        let all = world.store.people_of("sales", 100).await.unwrap();
        assert!(all.len() > 1, "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0].user.id < pair[1].user.id));
        assert_eq!(world.store.people_of("sales", 1).await.unwrap(), all[..1]);
        assert_eq!(world.store.people_of("no such group", 9).await.unwrap(), []);
    }
}
