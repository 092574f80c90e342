use super::super::delete_group::delete_group;
use super::super::grant::{Grant, grant};
use super::super::hand_over::hand_over;
use super::super::join_group::join_group;
use super::super::leave_preview::leave_preview;
use super::super::list_grants::list_grants;
use super::super::remove_members::remove_member;
use super::super::revoke::revoke;
use super::super::testing::{HOST, World, body, by, to_group, to_user, tool, user, why};
use super::*;
use crate::domain::{ContentRef, Grantee, Right};
use serde_json::{Value, json};

const KEEP: Leaving = Leaving { grants: Some(LeftGrants::Keep) };
const REVOKE: Leaving = Leaving { grants: Some(LeftGrants::Revoke) };
const SILENT: Leaving = Leaving { grants: None };

fn given(tool: &str, right: Right, to: Grantee) -> Grant {
    Grant { resource: format!("Tool::\"user:ben/{tool}\""), right, to }
}

/// ben and carl in `sales`, which anna administers; ben and dora in `club`, which anna administers.
/// ben lends his documents to all of sales, his calendar to carl, and his polls to anna.
async fn lent() -> (World, GroupId) {
    let world = World::new().await;
    let sales = world.sales(&["ben", "carl"]).await;
    world.group(r#"{"id":"club","name":"Club","administrator":"anna"}"#, &["ben", "dora"]).await;
    for lend in lent_grants() {
        grant(&world.admin, &by("ben"), lend).await.unwrap();
    }
    (world, sales)
}

fn lent_grants() -> [Grant; 3] {
    [
        given("calendar", Right::Edit, to_user("carl")),
        given("documents", Right::View, to_group("sales")),
        given("polls", Right::View, to_user("anna")),
    ]
}

async fn preview(world: &World, group: &GroupId) -> Vec<Value> {
    let page = leave_preview(&world.admin, &by("ben"), group, &Page::first()).await.unwrap();
    page.rows.iter().map(|row| json!(row)).collect()
}

async fn leave(world: &World, group: &GroupId, how: Leaving) -> Result<Done<()>, Refusal> {
    leave_group(&world.admin, &by("ben"), group, how).await
}

async fn listed(world: &World, tool: &str) -> Vec<Value> {
    let resource = format!("Tool::\"user:ben/{tool}\"");
    let page = list_grants(&world.admin, &by("ben"), &resource, &Page::first()).await.unwrap();
    page.rows.iter().map(|row| json!(row)).collect()
}

async fn withdraw(world: &World, caller: &Caller, grant: Grant) -> Result<Done<()>, Refusal> {
    revoke(&world.admin, caller, grant).await
}

fn bens(kind: &str) -> ContentRef {
    tool(&format!("user:ben/{kind}"))
}

#[tokio::test]
async fn f6_any_member_leaves_and_a3_the_administrator_does_not() {
    let world = World::new().await;
    let sales = world.sales(&["ben"]).await;
    for (caller, expected) in
        [(HOST, (400, None)), (by("carl"), (404, None)), (by("stranger"), (404, None)), (by("anna"), (403, Some("A3")))]
    {
        for how in [SILENT, KEEP, REVOKE] {
            world.refused(leave_group(&world.admin, &caller, &sales, how), expected).await;
        }
        assert_eq!(why(leave_preview(&world.admin, &caller, &sales, &Page::first()).await), expected);
    }
    let done = leave(&world, &sales, SILENT).await.unwrap();
    assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
    assert!(!world.may("ben", "view_group", &EntityUid::group(&sales)).await);
    world.refused(leave(&world, &sales, SILENT), (404, None)).await;
}

#[tokio::test]
async fn f6_an_outsider_of_a_published_group_cannot_leave_it() {
    let world = World::new().await;
    let closed = world.group(r#"{"name":"Closed","administrator":"anna","published":true}"#, &[]).await;
    world.refused(leave_group(&world.admin, &by("carl"), &closed, SILENT), (403, Some("F6"))).await;
    assert_eq!(why(leave_preview(&world.admin, &by("carl"), &closed, &Page::first()).await), (403, Some("F6")));
}

#[tokio::test]
async fn f6_without_such_grants_anybody_leaves_whatever_they_say() {
    for how in [SILENT, KEEP, REVOKE] {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let done = leave(&world, &sales, how).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
    }
}

#[tokio::test]
async fn f7_grants_through_the_group_are_listed_and_no_others() {
    let (world, sales) = lent().await;
    // anna is in the club with ben too.
    let expected = [
        json!({"resource": "Tool::\"user:ben/calendar\"", "right": "edit", "to": {"user": "carl"}}),
        json!({"resource": "Tool::\"user:ben/documents\"", "right": "view", "to": {"group": "sales"},
               "reaches_later_joiners": true}),
    ];
    assert_eq!(preview(&world, &sales).await, expected);
    assert_eq!(preview(&world, &GroupId::new("club").unwrap()).await, [] as [Value; 0]);
    let before = world.admin.store.revision().await.unwrap();
    let Err(Refusal::MadeThrough { grants }) = leave(&world, &sales, SILENT).await else { panic!() };
    assert_eq!(grants.rows.iter().map(|row| json!(row)).collect::<Vec<_>>(), expected);
    assert_eq!((grants.next, world.admin.store.revision().await.unwrap()), (None, before));
    // Page by page the same.
    let mut page = Page { after: None, rows_max: 1 };
    for (row, more) in expected.iter().zip([true, false]) {
        let found = leave_preview(&world.admin, &by("ben"), &sales, &page).await.unwrap();
        assert_eq!((json!(found.rows), found.next.is_some()), (json!([row]), more));
        page.after = found.next;
    }
}

#[tokio::test]
async fn f7_revoke_withdraws_them_in_the_same_step() {
    let (world, sales) = lent().await;
    assert!(world.may("carl", "edit", &bens("calendar")).await && world.may("carl", "view", &bens("documents")).await);
    let done = leave(&world, &sales, REVOKE).await.unwrap();
    let touched =
        ["changed Tool::\"user:ben/calendar\"", "changed Tool::\"user:ben/documents\"", "changed User::\"ben\""];
    assert_eq!(world.touched(&done).await, touched);
    assert!(!world.may("carl", "edit", &bens("calendar")).await);
    assert!(!world.may("carl", "view", &bens("documents")).await);
    assert!(!world.may("anna", "view", &bens("documents")).await);
    // anna is still in the club.
    assert!(world.may("anna", "view", &bens("polls")).await);
    assert_eq!(listed(&world, "calendar").await, [] as [Value; 0]);
}

#[tokio::test]
async fn f7_kept_grants_stay_in_force_and_reach_later_joiners() {
    let (world, sales) = lent().await;
    leave(&world, &sales, KEEP).await.unwrap();
    for (person, action, resource, allowed) in [
        ("carl", "edit", bens("calendar"), true),
        ("carl", "view", bens("documents"), true),
        ("anna", "view", bens("documents"), true),
        ("dora", "view", bens("documents"), false),
        // What the group itself gave ended with it (M1).
        ("carl", "view_busy", bens("calendar"), false),
        ("ben", "view_busy", tool("user:carl/calendar"), false),
    ] {
        assert_eq!(world.may(person, action, &resource).await, allowed, "{person} {action} {resource:?}");
    }
    let kept = json!({"resource": "Tool::\"user:ben/documents\"", "right": "view", "to": {"group": "sales"},
                      "kept": true, "reaches_later_joiners": true});
    assert_eq!(listed(&world, "documents").await, [kept]);
    let kept =
        json!({"resource": "Tool::\"user:ben/calendar\"", "right": "edit", "to": {"user": "carl"}, "kept": true});
    assert_eq!(listed(&world, "calendar").await, [kept]);
    assert!(listed(&world, "polls").await[0].get("kept").is_none());

    world.admit(&sales, "dora").await;
    assert!(world.may("dora", "view", &bens("documents")).await);
    remove_member(&world.admin, &HOST, &sales, &user("carl")).await.unwrap();
    assert!(!world.may("carl", "view", &bens("documents")).await);
    // To a person a kept grant stays wherever they are.
    assert!(world.may("carl", "edit", &bens("calendar")).await);
}

#[tokio::test]
async fn f7_a_kept_grant_is_withdrawn_by_nobody_and_granted_anew_to_nobody() {
    let (world, sales) = lent().await;
    leave(&world, &sales, KEEP).await.unwrap();
    let [calendar, documents, polls] = lent_grants();
    for caller in [by("ben"), HOST] {
        for kept in [&calendar, &documents] {
            world.refused(withdraw(&world, &caller, kept.clone()), (409, Some("F7"))).await;
            world.refused(grant(&world.admin, &caller, kept.clone()), (409, Some("S5"))).await;
        }
        // Another right to the same person was not kept, because there is none.
        let none = given("calendar", Right::View, to_user("carl"));
        world.refused(withdraw(&world, &caller, none), (404, None)).await;
    }
    world.refused(withdraw(&world, &by("carl"), documents), (403, Some("S4"))).await;
    withdraw(&world, &by("ben"), polls).await.unwrap();
}

#[tokio::test]
async fn f7_sharing_a_group_again_sets_it_free_for_good() {
    let (world, sales) = lent().await;
    leave(&world, &sales, KEEP).await.unwrap();
    let [calendar, documents, _] = lent_grants();
    // Another group with carl: his grant is free, that to all of sales is not.
    let open = r#"{"id":"open","name":"Open","administrator":"carl","published":true,"open":true}"#;
    let open = world.group(open, &[]).await;
    let joined = join_group(&world.admin, &by("ben"), &open).await.unwrap();
    assert_eq!(world.touched(&joined).await, ["changed Tool::\"user:ben/calendar\"", "changed User::\"ben\""]);
    world.refused(withdraw(&world, &by("ben"), documents.clone()), (409, Some("F7"))).await;
    // Removed, not having left: what is free stays free (A12).
    remove_member(&world.admin, &by("carl"), &open, &user("ben")).await.unwrap();
    assert!(world.may("carl", "edit", &bens("calendar")).await);
    withdraw(&world, &by("ben"), calendar).await.unwrap();
    assert!(!world.may("carl", "edit", &bens("calendar")).await);

    world.admit(&sales, "ben").await;
    assert!(listed(&world, "documents").await[0].get("kept").is_none());
    withdraw(&world, &HOST, documents).await.unwrap();
    assert!(!world.may("carl", "view", &bens("documents")).await);
}

#[tokio::test]
async fn f7_the_grantee_who_comes_to_the_owner_sets_it_free_too() {
    let (world, sales) = lent().await;
    leave(&world, &sales, KEEP).await.unwrap();
    let own = world.group(r#"{"id":"own","name":"Own","administrator":"ben"}"#, &["dora"]).await;
    let [calendar, ..] = lent_grants();
    world.refused(withdraw(&world, &by("ben"), calendar.clone()), (409, Some("F7"))).await;
    world.admit(&own, "carl").await;
    // Left again by handing over, it is asked about again.
    hand_over(&world.admin, &by("ben"), &own, body(r#"{"user":"dora"}"#)).await.unwrap();
    world.refused(leave(&world, &own, SILENT), (409, Some("F7"))).await;
    leave(&world, &own, KEEP).await.unwrap();
    world.refused(withdraw(&world, &by("ben"), calendar), (409, Some("F7"))).await;
}

#[tokio::test]
async fn f7_a_removed_persons_grants_stay_and_are_withdrawn_at_any_time() {
    let (world, sales) = lent().await;
    remove_member(&world.admin, &by("anna"), &sales, &user("ben")).await.unwrap();
    let [calendar, documents, _] = lent_grants();
    assert!(world.may("carl", "edit", &bens("calendar")).await && world.may("carl", "view", &bens("documents")).await);
    withdraw(&world, &by("ben"), calendar).await.unwrap();
    withdraw(&world, &HOST, documents).await.unwrap();
    assert!(!world.may("carl", "edit", &bens("calendar")).await);
}

#[tokio::test]
async fn f7_a_grant_whose_grantee_left_is_withdrawn_at_any_time() {
    let (world, sales) = lent().await;
    leave_group(&world.admin, &by("carl"), &sales, SILENT).await.unwrap();
    let [calendar, documents, _] = lent_grants();
    assert!(world.may("carl", "edit", &bens("calendar")).await);
    // ben leaves afterwards: sales is not what he shares with carl any more.
    let left: Vec<_> = preview(&world, &sales).await.iter().map(|row| row["to"].clone()).collect();
    assert_eq!(left, [json!({"group": "sales"})]);
    leave(&world, &sales, KEEP).await.unwrap();
    withdraw(&world, &by("ben"), calendar).await.unwrap();
    world.refused(withdraw(&world, &by("ben"), documents), (409, Some("F7"))).await;
}

#[tokio::test]
async fn a14_deleting_the_group_removes_even_kept_grants_to_it() {
    let (world, sales) = lent().await;
    leave(&world, &sales, KEEP).await.unwrap();
    remove_member(&world.admin, &HOST, &sales, &user("carl")).await.unwrap();
    let done = delete_group(&world.admin, &by("anna"), &sales).await.unwrap();
    let touched = world.touched(&done).await;
    assert!(touched.contains(&"changed Tool::\"user:ben/documents\"".to_owned()));
    assert!(!touched.contains(&"changed Tool::\"user:ben/calendar\"".to_owned()));
    assert_eq!(listed(&world, "documents").await, [] as [Value; 0]);
    // That to a person outlives it, and stays kept.
    assert!(world.may("carl", "edit", &bens("calendar")).await);
    let [calendar, ..] = lent_grants();
    world.refused(withdraw(&world, &by("ben"), calendar), (409, Some("F7"))).await;
}

#[tokio::test]
async fn a12_leaving_ends_what_a_removal_ends() {
    let world = World::new().await;
    let sales = world.sales(&["ben", "carl"]).await;
    let documents = tool("group:sales/documents");
    let add = Grant { resource: documents.uid().to_string(), right: Right::Add, to: to_user("ben") };
    grant(&world.admin, &by("anna"), add).await.unwrap();
    // A grant in the group's own space is not on ben's private data: nothing to ask about.
    let done = leave(&world, &sales, SILENT).await.unwrap();
    assert_eq!(world.touched(&done).await, ["changed Tool::\"group:sales/documents\"", "changed User::\"ben\""]);
    world.admit(&sales, "ben").await;
    assert!(!world.may("ben", "add", &documents).await);
}
