//! Deleting a person: memberships, private space, grants and invitations go with them (P7).

use super::field::conflict;
use super::{Admin, Caller, Done, Refusal, authority};
use crate::domain::{EntityUid, Rule, UserId};

/// Deletes a user who administers no group. The id is never used again.
///
/// # Errors
/// [`Refusal`]: not the host's call, no such user, or an administrator.
pub async fn delete_user(admin: &Admin, caller: &Caller, user: &UserId) -> Result<Done<()>, Refusal> {
    admin.host_only(caller, "deletions of users")?;
    let mut tx = admin.begin("delete_user", caller).await?;
    if !tx.user_exists(user).await? {
        return Err(authority::not_found(&EntityUid::user(user)));
    }
    if tx.administered_groups(user).await? > 0 {
        let detail = format!("`{user}` administers a group: it must be handed over or deleted first");
        return Err(conflict(Rule::P7, detail));
    }
    tx.delete_user(user).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

#[cfg(test)]
mod tests {
    use super::super::create_group::create_group;
    use super::super::invite::invite;
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    #[tokio::test]
    async fn p7_everything_of_a_user_goes_with_them() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let issued = world.invite(&sales, r#"{"user":"carl"}"#).await;
        world.refused(delete_user(&world.admin, &HOST, &user("anna")), (409, Some("P7"))).await;
        world.refused(delete_user(&world.admin, &by("ben"), &user("ben")), (403, None)).await;
        world.refused(delete_user(&world.admin, &HOST, &user("nobody")), (404, None)).await;

        let done = delete_user(&world.admin, &HOST, &user("ben")).await.unwrap();
        let touched = [
            "deleted Tool::\"user:ben/calendar\"",
            "deleted Tool::\"user:ben/contacts\"",
            "deleted Tool::\"user:ben/documents\"",
            "deleted Tool::\"user:ben/drop\"",
            "deleted Tool::\"user:ben/mailbox\"",
            "deleted Tool::\"user:ben/polls\"",
            "deleted Tool::\"user:ben/profile\"",
            "deleted User::\"ben\"",
        ];
        let mut found = world.touched(&done).await;
        // The contact that anna's invitation made of ben (A9).
        assert!(found.remove(0).starts_with("changed Item::"));
        assert_eq!(found, touched);
        delete_user(&world.admin, &HOST, &user("carl")).await.unwrap();
        world.refused(world.accept("dora", &issued.token.unwrap()), (404, None)).await;

        // Whoever is deleted is known no more.
        world.refused(create_group(&world.admin, &by("ben"), body(r#"{"name":"B"}"#)), (403, None)).await;
        world.refused(invite(&world.admin, &HOST, &sales, body(r#"{"user":"ben"}"#)), (404, None)).await;
    }
}
