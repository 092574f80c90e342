//! Joining an open group (F4).

use super::accept_invitation::Admitted;
use super::{Admin, Caller, Done, Refusal, authority, membership};
use crate::domain::{EntityUid, GroupId};

/// Makes the actor a member of an open group, at once.
///
/// # Errors
/// [`Refusal`]: no actor, no group that the actor may know of, not open or in it already (F4), or
/// no place left (P4).
pub async fn join_group(admin: &Admin, caller: &Caller, group: &GroupId) -> Result<Done<Admitted>, Refusal> {
    let user = authority::named_actor(caller)?.clone();
    let mut tx = admin.begin("join_group", caller).await?;
    admin.authorize(caller, "join", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    membership::check_member_limit(&mut tx, &stored).await?;
    tx.insert_member(group, &user, admin.clock.now_ms()).await?;
    tx.use_invitations_of(group, &user).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Admitted { group: group.clone(), user }, revision })
}

#[cfg(test)]
mod tests {
    use super::super::remove_members::remove_member;
    use super::super::testing::{HOST, World, by, user};
    use super::*;

    const OPEN: &str = r#"{"name":"Open","administrator":"anna","published":true,"open":true}"#;

    #[tokio::test]
    async fn f4_anyone_joins_an_open_group() {
        let world = World::new().await;
        let open = world.group(OPEN, &[]).await;
        let closed = world.group(r#"{"name":"Closed","administrator":"anna","published":true}"#, &[]).await;
        let private = world.sales(&[]).await;
        for (caller, group, expected) in [
            (HOST, &open, (400, None)),
            (by("stranger"), &open, (404, None)),
            (by("anna"), &open, (403, Some("F4"))),
            (by("ben"), &closed, (403, Some("F4"))),
            (by("ben"), &private, (404, None)),
        ] {
            world.refused(join_group(&world.admin, &caller, group), expected).await;
        }
        let done = join_group(&world.admin, &by("ben"), &open).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
        world.refused(join_group(&world.admin, &by("ben"), &open), (403, Some("F4"))).await;
    }

    #[tokio::test]
    async fn p4_a_full_group_admits_nobody() {
        let world = World::new().await;
        world.subscription("small", r#"{"max_members":0}"#).await;
        world.person("eve", "small").await;
        let full = world.group(&OPEN.replace("anna", "eve"), &[]).await;
        world.refused(join_group(&world.admin, &by("ben"), &full), (409, Some("P4"))).await;
    }

    #[tokio::test]
    async fn a12_an_invitation_of_before_brings_nobody_back() {
        let world = World::new().await;
        let open = world.group(OPEN, &[]).await;
        let token = world.invite(&open, r#"{"user":"ben"}"#).await.token.unwrap();
        join_group(&world.admin, &by("ben"), &open).await.unwrap();
        remove_member(&world.admin, &HOST, &open, &user("ben")).await.unwrap();
        world.refused(world.accept("ben", &token), (409, Some("A10"))).await;
    }
}
