//! Reading groups, the people in them and their invitations (S6, F3).
//!
//! INVARIANT: what is read is read before the decision, so that nobody is shown a state that is
//! newer than the right to see it.

use super::{Admin, Caller, Refusal, authority};
use crate::domain::{Context, EntityUid, Group, GroupId, Invitation, Page, Paged};
use crate::store::list::groups::SeenGroup;
use crate::store::list::members::People;

/// A group as the caller may see it.
///
/// # Errors
/// [`Refusal::NotFound`] for a private group to whoever is not in it (F5).
pub async fn read_group(admin: &Admin, caller: &Caller, id: &GroupId) -> Result<SeenGroup, Refusal> {
    let seen = admin.store.group(id, caller.actor.as_ref()).await?;
    let uid = EntityUid::group(id);
    admin.authorize(caller, "view_group", &uid).await?;
    seen.ok_or_else(|| authority::not_found(&uid))
}

/// The host's groups; an actor's are those they are in.
///
/// # Errors
/// [`Refusal`]: an unknown actor, or the store cannot be read or no decision made.
pub async fn read_groups(admin: &Admin, caller: &Caller, page: &Page) -> Result<Paged<Group>, Refusal> {
    let Some(actor) = &caller.actor else { return Ok(admin.store.groups(page).await?) };
    let mut groups = admin.store.groups_of(actor, page).await?;
    if admin.store.user(actor).await?.is_none() {
        return Err(authority::unknown(actor));
    }
    let mut visible = Vec::with_capacity(groups.rows.len());
    for group in groups.rows {
        if admin.allows(actor, "view_group", &EntityUid::group(&group.id), Context::empty()).await? {
            visible.push(group);
        }
    }
    groups.rows = visible;
    Ok(groups)
}

/// The people in a group.
///
/// # Errors
/// [`Refusal`]: no group that the caller may know of, or one that does not publish its people (F3).
pub async fn read_members(admin: &Admin, caller: &Caller, id: &GroupId, page: &Page) -> Result<People, Refusal> {
    let people = admin.store.people(id, caller.actor.as_ref(), page).await?;
    let uid = EntityUid::group(id);
    admin.authorize(caller, "list_members", &uid).await?;
    people.ok_or_else(|| authority::not_found(&uid))
}

/// The pending invitations to a group.
///
/// # Errors
/// [`Refusal`]: no group that the caller may know of, or not its administrator (S6, A10).
pub async fn read_invitations(
    admin: &Admin,
    caller: &Caller,
    id: &GroupId,
    page: &Page,
) -> Result<Paged<Invitation>, Refusal> {
    let uid = EntityUid::group(id);
    let group = admin.store.group(id, None).await?;
    let invitations = admin.store.pending_invitations(id, admin.clock.now_ms(), page).await?;
    admin.authorize(caller, "manage_invitations", &uid).await?;
    group.map(|_| invitations).ok_or_else(|| authority::not_found(&uid))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by};
    use super::*;
    use crate::admin::testing::why;

    #[tokio::test]
    async fn s6_f3_f5_who_sees_what_of_a_group() {
        let world = World::new().await;
        let private = world.sales(&["ben"]).await;
        let closed = world.group(r#"{"name":"Closed","administrator":"anna","published":true}"#, &["ben"]).await;
        for (caller, group, inside) in [
            (HOST, &private, Ok(true)),
            (by("anna"), &private, Ok(true)),
            (by("ben"), &private, Ok(true)),
            (by("carl"), &private, Err((404, None))),
            (by("stranger"), &private, Err((404, None))),
            (by("ben"), &closed, Ok(true)),
            (by("carl"), &closed, Ok(false)),
        ] {
            let seen = read_group(&world.admin, &caller, group).await;
            match inside {
                Ok(inside) => assert_eq!(seen.unwrap().inside, inside, "{caller:?}"),
                Err(expected) => assert_eq!(why(seen), expected, "{caller:?}"),
            }
        }
        let seen = read_group(&world.admin, &by("carl"), &closed).await.unwrap();
        assert_eq!(seen.administrator_email.as_deref(), Some("anna@example.org"));
    }

    #[tokio::test]
    async fn f3_the_people_are_shown_only_if_published() {
        let world = World::new().await;
        let page = Page::first();
        let private = world.sales(&["ben"]).await;
        let closed = world.group(r#"{"name":"C","administrator":"anna","published":true}"#, &["ben"]).await;
        let named = r#"{"name":"N","administrator":"anna","published":true,"members_published":true}"#;
        let named = world.group(named, &["ben"]).await;
        let read = async |caller, group| read_members(&world.admin, &caller, group, &page).await;
        assert_eq!(why(read(by("carl"), &private).await), (404, None));
        assert_eq!(why(read(by("carl"), &closed).await), (403, Some("F3")));
        for (caller, group, inside) in
            [(by("carl"), &named, false), (by("ben"), &private, true), (HOST, &private, true)]
        {
            let people = read(caller, group).await.unwrap();
            assert_eq!((people.administrator.as_str(), people.inside), ("anna", inside));
            assert_eq!(people.members.rows[0].member.user.as_str(), "ben");
            assert_eq!(people.members.rows[0].first_name.as_deref(), Some("ben"));
        }
    }

    #[tokio::test]
    async fn s6_only_the_administrator_sees_pending_invitations() {
        let world = World::new().await;
        let page = Page::first();
        let sales = world.sales(&["ben"]).await;
        world.invite(&sales, r#"{"user":"carl"}"#).await;
        let read = async |caller| read_invitations(&world.admin, &caller, &sales, &page).await;
        assert_eq!(why(read(by("ben")).await), (403, Some("A10")));
        assert_eq!(why(read(by("carl")).await), (404, None));
        for caller in [HOST, by("anna")] {
            let invitations = read(caller).await.unwrap().rows;
            assert_eq!(invitations.len(), 1);
            assert_eq!(invitations[0].user.as_ref().unwrap().as_str(), "carl");
        }
        world.later(30 * super::super::testing::DAY_MS);
        assert_eq!(read(HOST).await.unwrap().rows, []);
    }

    #[tokio::test]
    async fn an_actor_lists_the_groups_they_are_in_and_the_host_all() {
        let world = World::new().await;
        for (name, administrator, members) in [("A", "anna", &["ben"][..]), ("B", "ben", &[]), ("C", "carl", &[])] {
            let new = format!(r#"{{"id":"{name}","name":"{name}","administrator":"{administrator}"}}"#);
            world.group(&new, members).await;
        }
        for (caller, rows_max, expected, next) in [
            (HOST, 9, &["A", "B", "C"][..], None),
            (HOST, 2, &["A", "B"], Some("B")),
            (by("ben"), 9, &["A", "B"], None),
            (by("ben"), 1, &["A"], Some("A")),
            (by("anna"), 9, &["A"], None),
            (by("dora"), 9, &[], None),
        ] {
            let page = Page { after: None, rows_max };
            let groups = read_groups(&world.admin, &caller, &page).await.unwrap();
            let ids: Vec<_> = groups.rows.iter().map(|group| group.id.as_str()).collect();
            assert_eq!((ids.as_slice(), groups.next.as_deref()), (expected, next), "{caller:?}");
        }
        let page = Page { after: Some("B".into()), rows_max: 9 };
        assert_eq!(read_groups(&world.admin, &HOST, &page).await.unwrap().rows[0].id.as_str(), "C");
    }
}
