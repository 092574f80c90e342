//! Leaving a group (F6, F7).

use super::field::conflict;
use super::grant::GrantView;
use super::{Admin, Caller, Done, Refusal, authority, membership};
use crate::domain::page::PAGE_ROWS_MAX;
use crate::domain::{EntityUid, Group, GroupId, Page, Rule, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to leave, as a request says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Leaving {
    /// What becomes of the grants made through the group; needed only while there are some.
    pub grants: Option<LeftGrants>,
}

/// What becomes of the grants on a private space that were made through the group that is left (F7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum LeftGrants {
    /// They are withdrawn in the same step.
    Revoke,
    /// They stay in force, and cannot be withdrawn before their owner shares a group with the
    /// grantee again.
    Keep,
}

// Read as a text first, as a right is.
impl TryFrom<String> for LeftGrants {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "revoke" => Ok(Self::Revoke),
            "keep" => Ok(Self::Keep),
            _ => Err("must be `revoke` or `keep`"),
        }
    }
}

/// Ends the actor's membership, and with it what rule A12 says.
///
/// # Errors
/// [`Refusal`]: no actor, no group that the actor may know of, no member (F6), the administrator,
/// who hands over first (A3), or somebody with grants made through the group who does not say what
/// becomes of them (F7).
pub async fn leave_group(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    leaving: Leaving,
) -> Result<Done<()>, Refusal> {
    let user = authority::named_actor(caller)?;
    let mut tx = admin.begin("leave_group", caller).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    authorize_leaving(admin, caller, user, &stored).await?;
    if tx.member(group, user).await?.is_none() {
        return Err(conflict(Rule::F6, format!("`{user}` is no member of the group `{group}`")));
    }
    // While still a member: with whom this is the last shared group is asked of what is stored.
    match leaving.grants {
        Some(LeftGrants::Revoke) => tx.revoke_grants_through(group, user).await?,
        Some(LeftGrants::Keep) => tx.keep_grants_through(group, user).await?,
        None => {
            let page = Page { after: None, rows_max: PAGE_ROWS_MAX };
            let grants = tx.grants_through(group, user, &page).await?.map(GrantView::left_behind);
            if !grants.rows.is_empty() {
                return Err(Refusal::MadeThrough { grants });
            }
        }
    }
    tx.remove_member(group, user).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

/// Whether the actor may leave. The administrator hands over first, whatever the policies say (A3).
pub(super) async fn authorize_leaving(
    admin: &Admin,
    caller: &Caller,
    user: &UserId,
    group: &Group,
) -> Result<(), Refusal> {
    let allowed = admin.authorize(caller, "leave", &EntityUid::group(&group.id)).await;
    if group.administrator != *user {
        return allowed;
    }
    let detail = "the administrator hands the group over before leaving";
    match allowed {
        Ok(()) => Err(conflict(Rule::A3, detail)),
        Err(Refusal::Forbidden { .. }) => Err(Refusal::Forbidden { rule: Some(Rule::A3), detail: detail.to_owned() }),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests;
