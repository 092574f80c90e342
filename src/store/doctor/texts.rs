//! What only the domain knows: which texts are ids, and how a name folds.

use super::{Finding, Severity};
use crate::domain::{FolderId, GroupId, IdError, InvitationId, ItemId, MailId, SubscriptionId, UserId, name::fold};
use crate::store::sql::{self, Connection};
use crate::store::{StoreError, row};
use futures_util::TryStreamExt as _;
use smol_str::SmolStr;
use std::pin::pin;

/// Every id and every name, one after the other.
pub(super) async fn check(connection: &mut Connection) -> Result<Vec<Finding>, StoreError> {
    let mut ids = Finding::new("S1", "every id is one that can be named in a request", Severity::Broken);
    well_formed::<SubscriptionId>(connection, "SELECT id FROM subscriptions", &mut ids).await?;
    well_formed::<UserId>(connection, "SELECT id FROM users", &mut ids).await?;
    well_formed::<GroupId>(connection, "SELECT id FROM groups", &mut ids).await?;
    well_formed::<FolderId>(connection, "SELECT id FROM folders", &mut ids).await?;
    well_formed::<ItemId>(connection, "SELECT id FROM items", &mut ids).await?;
    well_formed::<InvitationId>(connection, "SELECT id FROM invitations", &mut ids).await?;
    well_formed::<MailId>(connection, "SELECT id FROM outbox", &mut ids).await?;
    well_formed::<ItemId>(connection, "SELECT entity_id AS id FROM entities", &mut ids).await?;
    well_formed::<ItemId>(connection, "SELECT parent_id AS id FROM entity_parents", &mut ids).await?;
    well_formed::<UserId>(connection, "SELECT author AS id FROM items", &mut ids).await?;
    well_formed::<UserId>(connection, "SELECT author AS id FROM folders", &mut ids).await?;
    Ok(vec![ids, names(connection).await?])
}

async fn well_formed<T: TryFrom<SmolStr, Error = IdError>>(
    connection: &mut Connection,
    sql: &'static str,
    finding: &mut Finding,
) -> Result<(), StoreError> {
    let mut rows = pin!(sql::query(sql).fetch(connection));
    while let Some(row) = rows.try_next().await? {
        let id: &str = row::get(&row, "id")?;
        if let Err(error) = T::try_from(SmolStr::new(id)) {
            finding.add(format!("{id:?} {error}"));
        }
    }
    Ok(())
}

async fn names(connection: &mut Connection) -> Result<Finding, StoreError> {
    let mut finding = Finding::new("A6", "every group's name is kept folded as it folds", Severity::Broken);
    let mut rows = pin!(sql::query("SELECT id, name, name_folded FROM groups").fetch(connection));
    while let Some(row) = rows.try_next().await? {
        if fold(row::get(&row, "name")?) != row::get::<&str>(&row, "name_folded")? {
            finding.add(row::get(&row, "id")?);
        }
    }
    Ok(finding)
}
