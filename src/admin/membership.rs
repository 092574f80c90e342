//! What several commands ask of a group before somebody becomes a member.

use super::field::conflict;
use super::{Refusal, authority};
use crate::domain::{EntityUid, Group, GroupId, Rule, UserId};
use crate::store::WriteTransaction;

/// The group, which exists.
///
/// # Errors
/// [`Refusal::NotFound`] if it does not.
pub async fn existing_group(tx: &mut WriteTransaction, id: &GroupId) -> Result<Group, Refusal> {
    tx.group(id).await?.ok_or_else(|| authority::not_found(&EntityUid::group(id)))
}

/// Whether a user is in a group, as its administrator or as a member.
///
/// # Errors
/// [`Refusal::Unavailable`] if the store cannot be read.
pub async fn is_inside(tx: &mut WriteTransaction, group: &Group, user: &UserId) -> Result<bool, Refusal> {
    Ok(group.administrator == *user || tx.member(&group.id, user).await?.is_some())
}

/// Refuses whom the administrator's subscription leaves no place for (P4).
///
/// # Errors
/// [`Refusal::Conflict`] with rule P4.
pub async fn check_member_limit(tx: &mut WriteTransaction, group: &Group) -> Result<(), Refusal> {
    let allowed = tx.limits_of(&group.administrator).await?.and_then(|limits| limits.max_members);
    let Some(allowed) = allowed else { return Ok(()) };
    if tx.member_count(&group.id).await? < allowed {
        return Ok(());
    }
    Err(conflict(Rule::P4, format!("the subscription of the administrator allows {allowed} members")))
}
