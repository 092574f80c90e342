//! The contexts a user can work in (S3).

use crate::domain::{GroupId, Page, Paged, UserId};
use crate::store::sql::{self, Row};
use crate::store::{Store, StoreError, row};
use smol_str::{SmolStr, format_smolstr};

/// Where a user can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextRow {
    /// The user's private space.
    Private,
    /// A group the user is in.
    Group {
        /// Which.
        id: GroupId,
        /// Its name.
        name: String,
    },
}

/// Key of the private context: less than that of any group.
const PRIVATE: &str = "0";
/// Before the folded name in the key of a group.
const GROUP: &str = "1";

impl Store {
    /// Private first, then the groups the user is in, as administrator or member, by name (S3).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn contexts(&self, user: &UserId, page: &Page) -> Result<Paged<ContextRow>, StoreError> {
        let sql = "SELECT id, name, name_folded FROM groups
                   WHERE id IN (SELECT group_id FROM members WHERE user_id = ?1
                                UNION SELECT id FROM groups WHERE administrator = ?1)
                       AND name_folded > ?2
                   ORDER BY name_folded LIMIT ?3";
        let after = page.after().strip_prefix(GROUP).unwrap_or_default();
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(user.as_str()).bind(after).bind(page.fetch());
        let groups = query.fetch_all(transaction.connection()).await?;
        let private = page.after.is_none().then(|| Ok((ContextRow::Private, SmolStr::new_static(PRIVATE))));
        let contexts = private.into_iter().chain(groups.iter().map(group)).collect::<Result<_, StoreError>>()?;
        let Paged { rows, next } = Paged::cut(contexts, page, |(_, key): &(_, SmolStr)| key.clone());
        Ok(Paged { rows: rows.into_iter().map(|(context, _)| context).collect(), next })
    }
}

/// A group and its key.
fn group(row: &Row) -> Result<(ContextRow, SmolStr), StoreError> {
    let folded: &str = row::get(row, "name_folded")?;
    let context = ContextRow::Group { id: row::id(row, "id")?, name: row::get(row, "name")? };
    Ok((context, format_smolstr!("{GROUP}{folded}")))
}
