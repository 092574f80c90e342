//! Reading people and plans: the host reads all, an actor reads themselves.

use super::{Admin, Caller, Refusal, authority};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Page, Paged, Subscription, SubscriptionId, User, UserId};

/// A user.
///
/// # Errors
/// [`Refusal`]: another user than the actor, or no such user.
pub async fn read_user(admin: &Admin, caller: &Caller, id: &UserId) -> Result<User, Refusal> {
    if caller.actor.as_ref() != Some(id) {
        admin.host_only(caller, "other users")?;
    }
    admin.store.user(id).await?.ok_or_else(|| authority::not_found(&EntityUid::user(id)))
}

/// All users.
///
/// # Errors
/// [`Refusal`] for every actor.
pub async fn read_users(admin: &Admin, caller: &Caller, page: &Page) -> Result<Paged<User>, Refusal> {
    admin.host_only(caller, "other users")?;
    Ok(admin.store.users(page).await?)
}

/// A subscription.
///
/// # Errors
/// [`Refusal`]: not the host's call, or no such subscription.
pub async fn read_subscription(admin: &Admin, caller: &Caller, id: &SubscriptionId) -> Result<Subscription, Refusal> {
    admin.host_only(caller, "subscriptions")?;
    let uid = EntityUid::new(types::SUBSCRIPTION, id.text());
    admin.store.subscription(id).await?.ok_or_else(|| authority::not_found(&uid))
}

/// All subscriptions.
///
/// # Errors
/// [`Refusal`] for every actor.
pub async fn read_subscriptions(admin: &Admin, caller: &Caller, page: &Page) -> Result<Paged<Subscription>, Refusal> {
    admin.host_only(caller, "subscriptions")?;
    Ok(admin.store.subscriptions(page).await?)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, user, why};
    use super::*;

    #[tokio::test]
    async fn an_actor_reads_themselves_and_the_host_everybody() {
        let world = World::new().await;
        let free = SubscriptionId::new("free").unwrap();
        let page = Page { after: None, rows_max: 2 };
        assert_eq!(read_user(&world.admin, &by("anna"), &user("anna")).await.unwrap().username, "anna");
        assert_eq!(why(read_user(&world.admin, &by("anna"), &user("ben")).await), (403, None));
        assert_eq!(why(read_user(&world.admin, &HOST, &user("x")).await), (404, None));
        assert_eq!(why(read_users(&world.admin, &by("anna"), &page).await), (403, None));
        assert_eq!(why(read_subscription(&world.admin, &by("anna"), &free).await), (403, None));
        assert_eq!(why(read_subscriptions(&world.admin, &by("anna"), &page).await), (403, None));
        let users = read_users(&world.admin, &HOST, &page).await.unwrap();
        assert_eq!(users.rows.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["anna", "ben"]);
        assert_eq!(users.next.as_deref(), Some("ben"));
        assert_eq!(read_subscription(&world.admin, &HOST, &free).await.unwrap().id, free);
        assert_eq!(read_subscriptions(&world.admin, &HOST, &page).await.unwrap().rows.len(), 1);
    }
}
