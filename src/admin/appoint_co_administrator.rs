//! Appointing and dismissing co-administrators (C1, C5).

use super::field::conflict;
use super::{Admin, Caller, Done, Refusal, membership};
use crate::domain::{EntityUid, GroupId, Rule, UserId};

/// Appoints a member; one who is appointed already stays so.
///
/// # Errors
/// [`Refusal`]: no such group, not the administrator, or somebody who is no member (C1).
pub async fn appoint_co_administrator(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    user: &UserId,
) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("appoint_co_administrator", caller).await?;
    admin.authorize(caller, "appoint_co_administrator", &EntityUid::group(group)).await?;
    membership::existing_group(&mut tx, group).await?;
    match tx.member(group, user).await? {
        None => return Err(conflict(Rule::C1, format!("`{user}` is no member of the group `{group}`"))),
        Some(member) if member.co_administrator => {}
        Some(_) => tx.set_co_administrator(group, user, true).await?,
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

/// Dismisses a co-administrator. Membership stays, and so do rights granted by name (C5).
///
/// # Errors
/// [`Refusal`]: no such group or co-administrator, or not the administrator (C1).
pub async fn dismiss_co_administrator(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    user: &UserId,
) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("dismiss_co_administrator", caller).await?;
    admin.authorize(caller, "dismiss_co_administrator", &EntityUid::group(group)).await?;
    membership::existing_group(&mut tx, group).await?;
    if !tx.member(group, user).await?.is_some_and(|member| member.co_administrator) {
        return Err(Refusal::NotFound { what: format!("co-administrator `{user}` of the group `{group}`") });
    }
    tx.set_co_administrator(group, user, false).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

#[cfg(test)]
mod tests {
    use super::super::remove_members::remove_member;
    use super::super::testing::{HOST, World, by, user};
    use super::*;

    #[tokio::test]
    async fn c1_the_administrator_alone_appoints_from_among_the_members() {
        let world = World::new().await;
        let sales = world.sales(&["ben", "carl"]).await;
        let (ben, carl) = (user("ben"), user("carl"));
        for (caller, who, expected) in [
            (by("ben"), &ben, (403, Some("C1"))),
            (by("dora"), &ben, (404, None)),
            (HOST, &user("dora"), (409, Some("C1"))),
            (by("anna"), &user("anna"), (409, Some("C1"))),
        ] {
            world.refused(appoint_co_administrator(&world.admin, &caller, &sales, who), expected).await;
        }
        let done = appoint_co_administrator(&world.admin, &by("anna"), &sales, &ben).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
        let again = appoint_co_administrator(&world.admin, &by("anna"), &sales, &ben).await.unwrap();
        assert_eq!(again.revision, done.revision);
        // C4: the role does not appoint.
        let ben = by("ben");
        world.refused(appoint_co_administrator(&world.admin, &ben, &sales, &carl), (403, Some("C1"))).await;
    }

    #[tokio::test]
    async fn c5_dismissal_ends_the_role_and_not_the_membership() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let ben = user("ben");
        world.refused(dismiss_co_administrator(&world.admin, &by("anna"), &sales, &ben), (404, None)).await;
        appoint_co_administrator(&world.admin, &HOST, &sales, &ben).await.unwrap();
        world.refused(dismiss_co_administrator(&world.admin, &by("ben"), &sales, &ben), (403, Some("C1"))).await;
        let done = dismiss_co_administrator(&world.admin, &by("anna"), &sales, &ben).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
        assert!(world.may("ben", "view_group", &EntityUid::group(&sales)).await);
    }

    #[tokio::test]
    async fn a12_the_role_goes_with_the_membership() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        appoint_co_administrator(&world.admin, &HOST, &sales, &user("ben")).await.unwrap();
        remove_member(&world.admin, &HOST, &sales, &user("ben")).await.unwrap();
        world.admit(&sales, "ben").await;
        world.refused(dismiss_co_administrator(&world.admin, &HOST, &sales, &user("ben")), (404, None)).await;
    }
}
