//! Whom an administrator may want to invite (A9).

use super::{Admin, Caller, Refusal, authority};
use crate::domain::{Contact, EntityUid, GroupId, Page, Paged};

/// People in any group that the administrator is in, contacts in their private contacts tool and
/// in the contacts tools of their groups: each once, without those who are in the group or invited
/// to it already. An address that belongs to exactly one user is listed as that user (A10).
///
/// # Errors
/// [`Refusal`]: no group that the caller may know of, or not its administrator (A9).
pub async fn candidates(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    page: &Page,
) -> Result<Paged<Contact>, Refusal> {
    let uid = EntityUid::group(group);
    let seen = admin.store.group(group, None).await?.ok_or_else(|| authority::not_found(&uid))?;
    // Whoever else the policies let invite is offered their own acquaintances, never the administrator's.
    let inviter = caller.actor.as_ref().unwrap_or(&seen.group.administrator);
    let found = admin.store.candidates(group, inviter, admin.clock.now_ms(), page).await?;
    admin.authorize(caller, "invite", &uid).await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::create_item::create_item;
    use super::super::delete_user::delete_user;
    use super::super::invite::invite;
    use super::super::testing::{DAY_MS, HOST, World, body, by, user, why};
    use super::*;

    async fn listed(world: &World, group: &GroupId) -> Vec<String> {
        let host = candidates(&world.admin, &HOST, group, &Page::first()).await.unwrap();
        let actor = candidates(&world.admin, &by("anna"), group, &Page::first()).await.unwrap();
        assert_eq!(host, actor);
        host.rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect()
    }

    async fn contact(world: &World, tool: &str, contact: &str) {
        let json = format!(r#"{{"parent":"Tool::\"{tool}\"","author":"anna","contact":{contact}}}"#);
        create_item(&world.admin, &HOST, body(&json)).await.unwrap();
    }

    #[tokio::test]
    async fn a9_candidates_come_from_groups_and_contacts_each_once() {
        let world = World::new().await;
        for id in ["eve", "fay", "gus"] {
            world.person(id, "free").await;
        }
        let sales = world.sales(&["ben"]).await;
        assert_eq!(listed(&world, &sales).await, [""; 0]);
        // Another group that anna is in, as a member; one that she is not in.
        world.group(r#"{"id":"club","name":"Club","administrator":"carl"}"#, &["anna", "ben", "dora"]).await;
        world.group(r#"{"id":"far","name":"Far","administrator":"gus"}"#, &["eve"]).await;
        contact(&world, "user:anna/contacts", r#"{"user":"eve"}"#).await;
        contact(&world, "user:anna/contacts", r#"{"user":"dora"}"#).await;
        contact(&world, "user:anna/contacts", r#"{"email":"new@example.org","last_name":"New"}"#).await;
        contact(&world, "group:club/contacts", r#"{"email":"new@example.org","last_name":"Newer"}"#).await;
        contact(&world, "group:club/contacts", r#"{"email":"fay@example.org","first_name":"F"}"#).await;
        // Not hers to see.
        contact(&world, "user:ben/contacts", r#"{"user":"gus"}"#).await;
        contact(&world, "group:far/contacts", r#"{"email":"far@example.org"}"#).await;
        assert_eq!(
            listed(&world, &sales).await,
            [
                r#"{"user":"carl"}"#,
                r#"{"user":"dora"}"#,
                r#"{"user":"eve"}"#,
                r#"{"user":"fay"}"#,
                r#"{"email":"new@example.org","first_name":null,"last_name":"New"}"#,
            ]
        );
        // Who is invited is left out until the invitation ends; who joined, for good.
        world.invite(&sales, r#"{"user":"dora"}"#).await;
        world.invite(&sales, r#"{"email":"new@example.org"}"#).await;
        world.admit(&sales, "carl").await;
        delete_user(&world.admin, &HOST, &user("eve")).await.unwrap();
        assert_eq!(listed(&world, &sales).await, [r#"{"user":"fay"}"#]);
        world.later(31 * DAY_MS);
        assert_eq!(listed(&world, &sales).await.len(), 3);
    }

    #[tokio::test]
    async fn a9_candidates_are_for_who_may_invite() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let ask = async |caller| candidates(&world.admin, &caller, &sales, &Page::first()).await;
        assert_eq!(why(ask(by("ben")).await), (403, Some("A9")));
        assert_eq!(why(ask(by("carl")).await), (404, None));
        let missing = candidates(&world.admin, &HOST, &GroupId::new("none").unwrap(), &Page::first()).await;
        assert_eq!(why(missing), (404, None));
    }

    #[tokio::test]
    async fn a9_pages_hold_every_candidate_once() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        world.group(r#"{"id":"club","name":"Club","administrator":"anna"}"#, &["ben", "carl", "dora"]).await;
        contact(&world, "user:anna/contacts", r#"{"email":"a@example.org"}"#).await;
        contact(&world, "user:anna/contacts", r#"{"email":"b@example.org"}"#).await;
        let mut page = Page { after: None, rows_max: 2 };
        let mut found = Vec::new();
        loop {
            let Paged { rows, next } = candidates(&world.admin, &by("anna"), &sales, &page).await.unwrap();
            found.extend(rows);
            let Some(after) = next else { break };
            page.after = Some(after);
        }
        let first = candidates(&world.admin, &by("anna"), &sales, &Page::first()).await.unwrap().rows;
        assert_eq!(first.len(), 5);
        assert_eq!(found, first);
    }

    #[tokio::test]
    async fn a9_inviting_a_stranger_makes_them_a_contact_and_a_candidate_stays_what_they_are() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let other = world.group(r#"{"id":"other","name":"Other","administrator":"anna"}"#, &[]).await;
        let stranger = r#"{"email":"new@example.org","first_name":"N"}"#;
        for (caller, whom) in [(by("anna"), r#"{"user":"ben"}"#), (HOST, stranger)] {
            let done = invite(&world.admin, &caller, &sales, body(whom)).await.unwrap();
            let touched = world.touched(&done).await;
            assert!(touched.len() == 1 && touched[0].starts_with("created Item::"), "{touched:?}");
            // A candidate now, for the other group.
            let again = invite(&world.admin, &caller, &other, body(whom)).await.unwrap();
            assert_eq!(world.touched(&again).await, [""; 0]);
        }
        // ben is a contact already, so his address is nobody new.
        let third = world.group(r#"{"id":"third","name":"Third","administrator":"anna"}"#, &[]).await;
        let by_address = invite(&world.admin, &HOST, &third, body(r#"{"email":"ben@example.org"}"#)).await.unwrap();
        assert_eq!(world.touched(&by_address).await, [""; 0]);
        assert_eq!(world.used("user:anna/contacts").await, 0);
        assert_eq!(
            listed(&world, &world.group(r#"{"name":"Fourth","administrator":"anna"}"#, &[]).await).await,
            [r#"{"user":"ben"}"#, r#"{"email":"new@example.org","first_name":"N","last_name":null}"#]
        );
    }

    #[tokio::test]
    async fn a9_a_refused_invitation_leaves_no_contact() {
        let world = World::new().await;
        world.subscription("small", r#"{"max_members":0}"#).await;
        world.person("eve", "small").await;
        let full = world.group(r#"{"name":"Full","administrator":"eve"}"#, &[]).await;
        for caller in [HOST, by("eve")] {
            let refused = invite(&world.admin, &caller, &full, body(r#"{"user":"ben"}"#));
            world.refused(refused, (409, Some("P4"))).await;
        }
        assert_eq!(candidates(&world.admin, &HOST, &full, &Page::first()).await.unwrap().rows, []);
    }

    #[tokio::test]
    async fn p6_a_full_contacts_tool_stops_no_invitation() {
        let world = World::new().await;
        world.subscription("tiny", r#"{"capacities":{"contacts":5}}"#).await;
        world.person("eve", "tiny").await;
        let json = r#"{"parent":"Tool::\"user:eve/contacts\"","author":"eve","size":5}"#;
        create_item(&world.admin, &HOST, body(json)).await.unwrap();
        world.subscription("tiny", r#"{"capacities":{"contacts":1}}"#).await;
        let group = world.group(r#"{"name":"G","administrator":"eve"}"#, &[]).await;
        invite(&world.admin, &by("eve"), &group, body(r#"{"user":"ben"}"#)).await.unwrap();
        assert_eq!(world.used("user:eve/contacts").await, 5);
    }
}
