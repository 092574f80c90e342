//! The grants that one tool, folder or item carries.

use crate::domain::uid::types;
use crate::domain::{ContentRef, Grantee, Page, Paged, Right};
use crate::store::sql::{self, Row};
use crate::store::write::grants::columns;
use crate::store::{Store, StoreError, row};
use smol_str::{SmolStr, format_smolstr};

/// ?1 the id of the content, ?2 the key to begin after, ?3 how many rows.
macro_rules! grants_of {
    ($resource_type:literal, $table:literal) => {
        concat!(
            "SELECT access, grantee_type, grantee, kept FROM grants WHERE resource_type = '",
            $resource_type,
            "' AND resource = (SELECT key FROM ",
            $table,
            " WHERE id = ?1) AND access || ' ' || grantee_type || ' ' || grantee > ?2
            ORDER BY access || ' ' || grantee_type || ' ' || grantee LIMIT ?3"
        )
    };
}

/// A grant as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// What carries it.
    pub resource: ContentRef,
    /// What it allows.
    pub right: Right,
    /// To whom.
    pub to: Grantee,
    /// Whether its owner kept it when leaving the group it was made through (F7).
    pub kept: bool,
}

impl Store {
    /// Grants on this content itself, not those that its place gives it, by right and grantee.
    /// Content that does not exist carries none.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn grants(&self, content: &ContentRef, page: &Page) -> Result<Paged<GrantRow>, StoreError> {
        let sql = match content {
            ContentRef::Tool(_) => grants_of!("Tool", "tools"),
            ContentRef::Folder(_) => grants_of!("Folder", "folders"),
            ContentRef::Item(_) => grants_of!("Item", "items"),
        };
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(content.uid().id.to_string()).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let grants = rows.iter().map(|row| grant(row, content.clone())).collect::<Result<_, _>>()?;
        Ok(Paged::cut(grants, page, key))
    }
}

/// What the list is ordered by.
fn key(grant: &GrantRow) -> SmolStr {
    let (grantee_type, id) = columns(&grant.to);
    format_smolstr!("{} {grantee_type} {id}", grant.right)
}

/// A grant on `resource` out of a row of `grants`.
pub(in crate::store) fn grant(row: &Row, resource: ContentRef) -> Result<GrantRow, StoreError> {
    let (access, grantee_type): (&str, &str) = (row::get(row, "access")?, row::get(row, "grantee_type")?);
    let corrupt = || StoreError::Corrupt(format!("a grant of `{access}` to a {grantee_type}"));
    let to = match grantee_type {
        types::USER => Grantee::User(row::id(row, "grantee")?),
        types::GROUP => Grantee::Group(row::id(row, "grantee")?),
        _ => return Err(corrupt()),
    };
    let right = Right::from_name(access).ok_or_else(corrupt)?;
    Ok(GrantRow { resource, right, to, kept: row::get(row, "kept")? })
}
