//! What leaving a group asks about (F7).

use super::grant::GrantView;
use super::leave_group::authorize_leaving;
use super::{Admin, Caller, Refusal, authority};
use crate::domain::{EntityUid, GroupId, Page, Paged};

/// The grants on the actor's private space that were made through the group: to all its members,
/// or to a person with whom the actor shares no other group.
///
/// # Errors
/// [`Refusal`]: no actor, no group that the actor may know of, no member (F6), or the
/// administrator, who hands over first (A3).
pub async fn leave_preview(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    page: &Page,
) -> Result<Paged<GrantView>, Refusal> {
    let user = authority::named_actor(caller)?;
    let missing = || authority::not_found(&EntityUid::group(group));
    let seen = admin.store.group(group, None).await?.ok_or_else(missing)?;
    let grants = admin.store.grants_through(group, user, page).await?;
    authorize_leaving(admin, caller, user, &seen.group).await?;
    Ok(grants.map(GrantView::left_behind))
}
