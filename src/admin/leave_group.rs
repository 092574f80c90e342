//! Leaving a group (F6, F7).

use super::field::conflict;
use super::{Admin, Caller, Done, Refusal, authority, membership};
use crate::domain::{EntityUid, GroupId, Rule};

/// Ends the actor's membership, and with it what rule A12 says.
///
/// # Errors
/// [`Refusal`]: no actor, no group that the actor may know of, no member (F6), the administrator,
/// who hands over first (A3), or somebody with grants made through the group (F7).
pub async fn leave_group(admin: &Admin, caller: &Caller, group: &GroupId) -> Result<Done<()>, Refusal> {
    let user = authority::named_actor(caller)?;
    let mut tx = admin.begin("leave_group", caller).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    let allowed = admin.authorize(caller, "leave", &EntityUid::group(group)).await;
    if stored.administrator == *user && matches!(allowed, Err(Refusal::Forbidden { .. })) {
        let detail = "the administrator hands the group over before leaving".to_owned();
        return Err(Refusal::Forbidden { rule: Some(Rule::A3), detail });
    }
    allowed?;
    let grants = tx.grants_through(group, user).await?;
    if grants > 0 {
        let detail = format!("{grants} grants on the private space of `{user}` were made through this group");
        return Err(conflict(Rule::F7, detail));
    }
    tx.remove_member(group, user).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by};
    use super::*;

    #[tokio::test]
    async fn f6_any_member_leaves_and_a3_the_administrator_does_not() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        for (caller, expected) in [
            (HOST, (400, None)),
            (by("carl"), (404, None)),
            (by("stranger"), (404, None)),
            (by("anna"), (403, Some("A3"))),
        ] {
            world.refused(leave_group(&world.admin, &caller, &sales), expected).await;
        }
        let done = leave_group(&world.admin, &by("ben"), &sales).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
        assert!(!world.may("ben", "view_group", &EntityUid::group(&sales)).await);
        world.refused(leave_group(&world.admin, &by("ben"), &sales), (404, None)).await;
    }

    #[tokio::test]
    async fn f6_an_outsider_of_a_published_group_cannot_leave_it() {
        let world = World::new().await;
        let closed = world.group(r#"{"name":"Closed","administrator":"anna","published":true}"#, &[]).await;
        world.refused(leave_group(&world.admin, &by("carl"), &closed), (403, Some("F6"))).await;
    }
}
