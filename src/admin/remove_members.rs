//! Removing one member, several or all, in one step: all or none (A12, A13).

use super::field::{conflict, id, malformed, out_of_range};
use super::{Admin, Caller, Done, Refusal, membership};
use crate::domain::{EntityUid, GroupId, Rule, UserId};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How many members one request may name.
pub const REMOVED_USERS_MAX: usize = 1000;

/// Whom to remove, as a request says it: `users` or `all`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Removal {
    /// These members.
    #[schema(value_type = Option<Vec<UserId>>)]
    pub users: Option<Vec<String>>,
    /// Every member.
    pub all: Option<bool>,
}

/// Removes members; answers whom.
///
/// # Errors
/// [`Refusal`]: no such group, not the administrator (A12), a user who is no member (A13), or the
/// administrator (A3). Nobody is removed then.
pub async fn remove_members(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    removal: Removal,
) -> Result<Done<Vec<UserId>>, Refusal> {
    let named = named(removal)?;
    let mut tx = admin.begin("remove_members", caller).await?;
    admin.authorize(caller, "remove_member", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    let users = match named {
        None => tx.member_ids(group).await?,
        Some(users) => users,
    };
    for user in &users {
        check_removable(&stored.administrator, user)?;
        if tx.member(group, user).await?.is_none() {
            return Err(conflict(Rule::A13, format!("`{user}` is no member of the group, so nobody is removed")));
        }
        tx.remove_member(group, user).await?;
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: users, revision })
}

/// Removes one member.
///
/// # Errors
/// [`Refusal`]: no such group or member, not the administrator (A12), or the administrator (A3).
pub async fn remove_member(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    user: &UserId,
) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("remove_member", caller).await?;
    admin.authorize(caller, "remove_member", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    check_removable(&stored.administrator, user)?;
    if tx.member(group, user).await?.is_none() {
        return Err(Refusal::NotFound { what: format!("member `{user}` of the group `{group}`") });
    }
    tx.remove_member(group, user).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

/// `None` is everybody.
fn named(removal: Removal) -> Result<Option<Vec<UserId>>, Refusal> {
    let users = match (removal.users, removal.all) {
        (None, Some(true)) => return Ok(None),
        (Some(users), None | Some(false)) => users,
        (None, _) => return Err(malformed("users", "is missing: say whom, or `all`: true")),
        (Some(_), Some(true)) => return Err(malformed("all", "goes without `users`")),
    };
    if users.len() > REMOVED_USERS_MAX {
        return Err(out_of_range("users", format!("must name at most {REMOVED_USERS_MAX} users")));
    }
    let users: BTreeSet<UserId> = users.iter().map(|text| id("users", text)).collect::<Result<_, _>>()?;
    Ok(Some(users.into_iter().collect()))
}

fn check_removable(administrator: &UserId, user: &UserId) -> Result<(), Refusal> {
    if user == administrator {
        return Err(conflict(Rule::A3, format!("`{user}` administers the group and must hand it over first")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    fn read(json: &str) -> Result<Option<Vec<UserId>>, Refusal> {
        named(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a13_some_or_all_but_not_both() {
        assert_eq!(read(r#"{"all":true}"#).unwrap(), None);
        let names = read(r#"{"users":["b","a","b"]}"#).unwrap().unwrap();
        assert_eq!(names.iter().map(UserId::as_str).collect::<Vec<_>>(), ["a", "b"]);
        for bad in ["{}", r#"{"all":false}"#, r#"{"all":true,"users":["a"]}"#] {
            assert!(matches!(read(bad), Err(Refusal::Malformed { .. })), "{bad}");
        }
        let many = vec!["a"; REMOVED_USERS_MAX + 1];
        let removal = Removal { users: Some(many.into_iter().map(str::to_owned).collect()), all: None };
        assert!(matches!(named(removal), Err(Refusal::OutOfRange { field: "users", .. })));
    }

    #[tokio::test]
    async fn a12_the_administrator_alone_removes() {
        let world = World::new().await;
        let sales = world.sales(&["ben", "carl"]).await;
        let remove = async |caller: Caller, who| remove_member(&world.admin, &caller, &sales, &user(who)).await;
        for (caller, who, expected) in [
            (by("ben"), "carl", (403, Some("A12"))),
            (by("dora"), "carl", (404, None)),
            (by("anna"), "dora", (404, None)),
            (by("anna"), "anna", (409, Some("A3"))),
            (HOST, "anna", (409, Some("A3"))),
        ] {
            world.refused(remove(caller, who), expected).await;
        }
        let done = remove(by("anna"), "carl").await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"carl\""]);
        assert!(!world.may("carl", "view_group", &EntityUid::group(&sales)).await);
        world.admit(&sales, "carl").await;
    }

    #[tokio::test]
    async fn a13_several_or_all_are_removed_together_or_not_at_all() {
        let world = World::new().await;
        let sales = world.sales(&["ben", "carl", "dora"]).await;
        let remove = async |caller: Caller, json| remove_members(&world.admin, &caller, &sales, body(json)).await;
        for (caller, json, expected) in [
            (by("ben"), r#"{"all":true}"#, (403, Some("A12"))),
            (by("anna"), r#"{"users":["ben","nobody"]}"#, (409, Some("A13"))),
            (by("anna"), r#"{"users":["ben","anna"]}"#, (409, Some("A3"))),
            (HOST, r#"{"users":["b/n"]}"#, (422, None)),
        ] {
            world.refused(remove(caller, json), expected).await;
        }
        assert!(world.may("ben", "view_group", &EntityUid::group(&sales)).await);
        let done = remove(by("anna"), r#"{"users":["dora","ben"]}"#).await.unwrap();
        assert_eq!(done.output, [user("ben"), user("dora")]);
        assert_eq!(remove(HOST, r#"{"all":true}"#).await.unwrap().output, [user("carl")]);
        assert_eq!(remove(HOST, r#"{"all":true}"#).await.unwrap().output, []);
    }
}
