//! Creating a person, or replacing what is known of one (P1, P7).

use super::field::{conflict, id, malformed, text, texts};
use super::{Admin, Caller, Done, Put, Refusal};
use crate::domain::text::{email, language, line, name, picture};
use crate::domain::{EntityUid, Profile, Rule, SubscriptionId, User, UserId};
use crate::store::WriteTransaction;
use serde::Deserialize;

/// What a request says of a person. What it leaves out of the profile becomes empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    /// Unique (P1); the host alone chooses it.
    pub username: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Where the person works.
    pub organization: Option<String>,
    /// Where mail reaches the person.
    pub email: Option<String>,
    /// A reference to a picture.
    pub picture: Option<String>,
    /// The language the person reads.
    pub language: Option<String>,
    /// The plan; the host alone chooses it.
    pub subscription: Option<String>,
}

/// Creates or replaces a user; an actor replaces their own profile.
///
/// # Errors
/// [`Refusal`]: not this actor's, a field out of range, a taken username, an unknown subscription,
/// or an id that was used before.
pub async fn put_user(
    admin: &Admin,
    caller: &Caller,
    user: UserId,
    input: NewUser,
) -> Result<Done<Put<User>>, Refusal> {
    if caller.actor.as_ref() != Some(&user) {
        admin.host_only(caller, "other users")?;
    }
    let mut tx = admin.begin("put_user", caller).await?;
    let stored = tx.user(&user).await?;
    let new = match caller.actor {
        None => by_host(user, input)?,
        Some(_) => by_actor(admin, caller, stored.as_ref(), input)?,
    };
    check_profile(&new.profile)?;
    let created = stored.is_none();
    check_host_choices(&mut tx, &new, stored.as_ref()).await?;
    if created {
        check_unused(&mut tx, &new.id).await?;
        tx.insert_user(&new, &admin.settings.private_tools).await?;
    } else {
        tx.update_user(&new).await?;
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Put { created, value: new }, revision })
}

fn by_host(user: UserId, input: NewUser) -> Result<User, Refusal> {
    let username = input.username.clone().ok_or_else(|| malformed("username", "is missing"))?;
    text("username", &username, name)?;
    let subscription = input.subscription.as_deref().ok_or_else(|| malformed("subscription", "is missing"))?;
    let subscription: SubscriptionId = id("subscription", subscription)?;
    Ok(User { id: user, username, profile: profile(input), subscription })
}

fn by_actor(admin: &Admin, caller: &Caller, stored: Option<&User>, input: NewUser) -> Result<User, Refusal> {
    let Some(stored) = stored else {
        admin.host_only(caller, "new users")?;
        return Err(malformed("username", "is missing"));
    };
    if input.username.as_ref().is_some_and(|username| *username != stored.username) {
        admin.host_only(caller, "usernames")?;
    }
    if input.subscription.as_ref().is_some_and(|subscription| subscription != stored.subscription.as_str()) {
        admin.host_only(caller, "subscriptions")?;
    }
    Ok(User { profile: profile(input), ..stored.clone() })
}

fn profile(input: NewUser) -> Profile {
    Profile {
        last_name: input.last_name,
        first_name: input.first_name,
        organization: input.organization,
        email: input.email,
        picture: input.picture,
        language: input.language,
    }
}

fn check_profile(profile: &Profile) -> Result<(), Refusal> {
    texts(&[
        ("last_name", profile.last_name.as_deref(), line),
        ("first_name", profile.first_name.as_deref(), line),
        ("organization", profile.organization.as_deref(), line),
        ("email", profile.email.as_deref(), email),
        ("picture", profile.picture.as_deref(), picture),
        ("language", profile.language.as_deref(), language),
    ])
}

async fn check_host_choices(tx: &mut WriteTransaction, new: &User, stored: Option<&User>) -> Result<(), Refusal> {
    if stored.is_none_or(|stored| stored.username != new.username)
        && tx.user_named(&new.username).await?.is_some_and(|owner| owner != new.id)
    {
        return Err(conflict(Rule::P1, format!("the username `{}` is taken", new.username)));
    }
    if !tx.subscription_exists(&new.subscription).await? {
        return Err(conflict(Rule::P1, format!("there is no subscription `{}`", new.subscription)));
    }
    Ok(())
}

async fn check_unused(tx: &mut WriteTransaction, user: &UserId) -> Result<(), Refusal> {
    if tx.is_buried(&EntityUid::user(user)).await? {
        return Err(conflict(Rule::P7, format!("the id `{user}` belonged to a user who was deleted")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::delete_user::delete_user;
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    async fn put(world: &World, caller: &Caller, id: &str, json: &str) -> Result<Done<Put<User>>, Refusal> {
        put_user(&world.admin, caller, user(id), body(json)).await
    }

    #[tokio::test]
    async fn s1_a_new_user_has_a_private_space() {
        let world = World::new().await;
        let done = put(&world, &HOST, "eve", r#"{"username":"eve","subscription":"free"}"#).await.unwrap();
        assert!(done.output.created);
        let touched = [
            "created Tool::\"user:eve/calendar\"",
            "created Tool::\"user:eve/contacts\"",
            "created Tool::\"user:eve/documents\"",
            "created Tool::\"user:eve/drop\"",
            "created Tool::\"user:eve/mailbox\"",
            "created Tool::\"user:eve/polls\"",
            "created Tool::\"user:eve/profile\"",
            "created User::\"eve\"",
        ];
        assert_eq!(world.touched(&done).await, touched);
        let again = put(&world, &HOST, "eve", r#"{"username":"eva","subscription":"free"}"#).await.unwrap();
        assert!(!again.output.created);
        assert_eq!(world.touched(&again).await, ["changed User::\"eve\""]);
    }

    #[tokio::test]
    async fn p1_one_subscription_and_a_unique_username() {
        let world = World::new().await;
        for (json, expected) in [
            (r#"{"username":"ben","subscription":"free"}"#, (409, Some("P1"))),
            (r#"{"username":"eve","subscription":"gold"}"#, (409, Some("P1"))),
            (r#"{"username":"eve"}"#, (400, None)),
            (r#"{"subscription":"free"}"#, (400, None)),
            (r#"{"username":"","subscription":"free"}"#, (422, None)),
            (r#"{"username":"eve","subscription":"free","email":"eve"}"#, (422, None)),
            (r#"{"username":"eve","subscription":"free","language":"?"}"#, (422, None)),
        ] {
            world.refused(put(&world, &HOST, "eve", json), expected).await;
        }
        put(&world, &HOST, "anna", r#"{"username":"anna","subscription":"free"}"#).await.unwrap();
    }

    #[tokio::test]
    async fn an_actor_changes_their_own_profile_alone() {
        let world = World::new().await;
        for (actor, id, json, expected) in [
            ("anna", "ben", "{}", (403, None)),
            ("anna", "anna", r#"{"username":"ann"}"#, (403, None)),
            ("anna", "anna", r#"{"subscription":"gold"}"#, (403, None)),
            ("eve", "eve", r#"{"username":"eve","subscription":"free"}"#, (403, None)),
        ] {
            world.refused(put(&world, &by(actor), id, json), expected).await;
        }
        let own = r#"{"username":"anna","subscription":"free","last_name":"Smith"}"#;
        let done = put(&world, &by("anna"), "anna", own).await.unwrap();
        assert_eq!(done.output.value.profile.last_name.as_deref(), Some("Smith"));
        assert_eq!(done.output.value.username, "anna");
    }

    #[tokio::test]
    async fn p7_a_deleted_id_is_never_used_again() {
        let world = World::new().await;
        delete_user(&world.admin, &HOST, &user("dora")).await.unwrap();
        let again = put(&world, &HOST, "dora", r#"{"username":"dora","subscription":"free"}"#);
        world.refused(again, (409, Some("P7"))).await;
        put(&world, &HOST, "dora-2", r#"{"username":"dora","subscription":"free"}"#).await.unwrap();
    }
}
