//! What a host said of an entity: shown, and taken back.

use super::{Admin, Caller, Done, Refusal, authority};
use crate::domain::{EntityRecord, EntityUid};

/// What the host says of an entity. Of one that Conclave keeps, only what the host adds to it.
///
/// # Errors
/// [`Refusal`]: not the host's call, or the host says nothing of it.
pub async fn read_entity(admin: &Admin, caller: &Caller, uid: &EntityUid) -> Result<EntityRecord, Refusal> {
    admin.host_only(caller, "entities")?;
    admin.store.entity(uid).await?.ok_or_else(|| authority::not_found(uid))
}

/// Takes back all that the host says of an entity: one of its own is gone, one that Conclave keeps is as before.
///
/// # Errors
/// [`Refusal`]: not the host's call, or the host says nothing of it.
pub async fn delete_entity(admin: &Admin, caller: &Caller, uid: &EntityUid) -> Result<Done<()>, Refusal> {
    admin.host_only(caller, "entities")?;
    let mut tx = admin.begin("delete_entity", caller).await?;
    if !tx.delete_entity(uid, admin.check.bundle().model().keeper()).await? {
        return Err(authority::not_found(uid));
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}
