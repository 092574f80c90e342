//! Deleting a group that has no members, with everything in it (A14).

use super::field::conflict;
use super::{Admin, Caller, Done, Refusal, membership};
use crate::domain::{EntityUid, GroupId, Rule};

/// Deletes a group. Its name becomes free, its id is never used again.
///
/// # Errors
/// [`Refusal`]: no such group, not the administrator, or members left (A14).
pub async fn delete_group(admin: &Admin, caller: &Caller, id: &GroupId) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("delete_group", caller).await?;
    admin.authorize(caller, "delete_group", &EntityUid::group(id)).await?;
    let group = membership::existing_group(&mut tx, id).await?;
    let members = tx.member_count(id).await?;
    if members > 0 {
        return Err(conflict(Rule::A14, format!("the group `{id}` still has {members} members")));
    }
    tx.delete_group(&group).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

#[cfg(test)]
mod tests {
    use super::super::create_group::create_group;
    use super::super::remove_members::remove_members;
    use super::super::testing::{HOST, World, body, by};
    use super::*;

    #[tokio::test]
    async fn a14_only_an_empty_group_is_deleted_and_its_id_is_never_used_again() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        world.refused(delete_group(&world.admin, &by("anna"), &sales), (409, Some("A14"))).await;
        world.refused(delete_group(&world.admin, &by("ben"), &sales), (403, Some("A14"))).await;
        world.refused(delete_group(&world.admin, &by("carl"), &sales), (404, None)).await;
        remove_members(&world.admin, &by("anna"), &sales, body(r#"{"all":true}"#)).await.unwrap();
        world.invite(&sales, r#"{"user":"carl"}"#).await;

        let done = delete_group(&world.admin, &by("anna"), &sales).await.unwrap();
        let touched = [
            "changed User::\"anna\"",
            "deleted Group::\"sales\"",
            "deleted Tool::\"group:sales/calendar\"",
            "deleted Tool::\"group:sales/contacts\"",
            "deleted Tool::\"group:sales/documents\"",
            "deleted Tool::\"group:sales/polls\"",
        ];
        assert_eq!(world.touched(&done).await, touched);
        world.refused(delete_group(&world.admin, &HOST, &sales), (404, None)).await;
        let same_id = body(r#"{"id":"sales","name":"Other"}"#);
        world.refused(create_group(&world.admin, &by("anna"), same_id), (409, Some("A14"))).await;
        create_group(&world.admin, &by("anna"), body(r#"{"id":"sales-2","name":"Sales"}"#)).await.unwrap();
    }
}
