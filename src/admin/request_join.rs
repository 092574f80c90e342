//! Asking the administrator of a closed group to be let in (F5), and what becomes of it: the
//! administrator invites, or dismisses the request; the person may withdraw it.

use super::field::{conflict, id, text};
use super::letters::write_join_request;
use super::schema::Message;
use super::token::DAY_MS;
use super::{Admin, Caller, Done, Refusal, ambient, authority, membership};
use crate::domain::text::message;
use crate::domain::{EntityUid, GroupId, JoinRequest, JoinRequestId, Page, Paged, Rule, UserId};
use crate::store::WriteTransaction;
use serde::Deserialize;
use utoipa::ToSchema;

/// Requests to one group that may be open at a time: more, and its administrator is not reading them.
pub const OPEN_REQUESTS_PER_GROUP_MAX: u64 = 100;

/// Requests of one person that may be open or less than a day old at a time.
pub const REQUESTS_PER_USER_MAX: u64 = 20;

/// Days between two requests of a person to the same group, however the first one ended: else
/// withdrawing and asking again would write to the administrator without end.
pub const REQUEST_PAUSE_DAYS: i64 = 1;

/// A request to be let in, as it comes in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJoinRequest {
    /// What to tell the administrator, of several lines; may be empty.
    #[schema(value_type = Message)]
    pub message: String,
}

/// Asks, on behalf of the actor, to be let into a closed group.
///
/// # Errors
/// [`Refusal`]: no actor; a message out of range; no group that the actor may know of, one that is
/// open, or one that the actor is in (F5); a request that is open or was made within the last day,
/// or too many of them (F5).
pub async fn request_join(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    input: NewJoinRequest,
) -> Result<Done<JoinRequest>, Refusal> {
    let user = authority::named_actor(caller)?.clone();
    text("message", &input.message, message)?;
    let mut tx = admin.begin("request_join", caller).await?;
    admin.authorize(caller, "request_join", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    let now_ms = admin.clock.now_ms();
    check_first(&mut tx, group, &user, now_ms).await?;
    check_number(&mut tx, group, &user, now_ms).await?;
    let request = JoinRequest {
        id: id("id", &ambient::new_uuid(admin.clock.as_ref(), admin.random.as_ref())?)?,
        group: group.clone(),
        user,
        message: input.message,
        created_ms: now_ms,
        closed_ms: None,
    };
    tx.insert_join_request(&request).await?;
    write_join_request(admin, &mut tx, &stored, &request).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: request, revision })
}

async fn check_first(tx: &mut WriteTransaction, group: &GroupId, user: &UserId, now_ms: i64) -> Result<(), Refusal> {
    let Some(last) = tx.last_join_request(group, user).await? else { return Ok(()) };
    if last.closed_ms.is_none() {
        return Err(conflict(Rule::F5, format!("`{user}` has asked already, and the request is open")));
    }
    if last.created_ms > now_ms.saturating_sub(REQUEST_PAUSE_DAYS * DAY_MS) {
        return Err(conflict(Rule::F5, format!("a person asks a group once in {REQUEST_PAUSE_DAYS} days")));
    }
    Ok(())
}

async fn check_number(tx: &mut WriteTransaction, group: &GroupId, user: &UserId, now_ms: i64) -> Result<(), Refusal> {
    if tx.open_join_requests(group).await? >= OPEN_REQUESTS_PER_GROUP_MAX {
        let detail = format!("{OPEN_REQUESTS_PER_GROUP_MAX} requests to join the group are open, and it takes no more");
        return Err(conflict(Rule::F5, detail));
    }
    if tx.join_requests_of(user, now_ms.saturating_sub(DAY_MS)).await? >= REQUESTS_PER_USER_MAX {
        let detail = format!("`{user}` has {REQUESTS_PER_USER_MAX} requests that are open or were made within a day");
        return Err(conflict(Rule::F5, detail));
    }
    Ok(())
}

/// Closes a request: withdrawn by whoever made it, or dismissed by the administrator.
///
/// # Errors
/// [`Refusal`]: no such request, somebody else's and the caller not the administrator (A10), or one
/// that is closed (F5).
pub async fn close_join_request(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    request: &JoinRequestId,
) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("close_join_request", caller).await?;
    let found = tx.join_request(group, request).await?;
    // One's own may be withdrawn even after the group became private.
    let is_own = found.as_ref().is_some_and(|found| caller.actor.as_ref() == Some(&found.user));
    if !is_own {
        admin.authorize(caller, "manage_invitations", &EntityUid::group(group)).await?;
    }
    let Some(found) = found else {
        return Err(Refusal::NotFound { what: format!("join request `{request}` to the group `{group}`") });
    };
    if found.closed_ms.is_some() {
        return Err(conflict(Rule::F5, "the request is closed"));
    }
    tx.close_join_request(request, admin.clock.now_ms()).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

/// The open requests to join a group, oldest first. Who manages invitations answers them.
///
/// # Errors
/// [`Refusal`]: no group that the caller may know of, or not its administrator (A10).
pub async fn read_join_requests(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    page: &Page,
) -> Result<Paged<JoinRequest>, Refusal> {
    let uid = EntityUid::group(group);
    let stored = admin.store.group(group, None).await?;
    let requests = admin.store.join_requests(group, page).await?;
    admin.authorize(caller, "manage_invitations", &uid).await?;
    stored.map(|_| requests).ok_or_else(|| authority::not_found(&uid))
}

#[cfg(test)]
mod tests {
    use super::super::change_group::change_group;
    use super::super::delete_group::delete_group;
    use super::super::delete_user::delete_user;
    use super::super::leave_group::{Leaving, leave_group};
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;
    use crate::domain::text::MESSAGE_CHARACTERS_MAX;

    async fn closed(world: &World, name: &str) -> GroupId {
        let new = format!(r#"{{"id":"{name}","name":"{name}","administrator":"anna","published":true}}"#);
        world.group(&new, &[]).await
    }

    async fn ask(world: &World, caller: Caller, group: &GroupId) -> Result<Done<JoinRequest>, Refusal> {
        let input = NewJoinRequest { message: "Hello\nthere".to_owned() };
        request_join(&world.admin, &caller, group, input).await
    }

    async fn listed(world: &World, caller: Caller, group: &GroupId) -> Result<Vec<JoinRequest>, Refusal> {
        read_join_requests(&world.admin, &caller, group, &Page::first()).await.map(|page| page.rows)
    }

    #[tokio::test]
    async fn f5_a_closed_group_is_asked_by_whoever_is_outside() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        let open = r#"{"name":"Open","administrator":"anna","published":true,"open":true}"#;
        let open = world.group(open, &[]).await;
        let private = world.sales(&["ben"]).await;
        for (caller, group, expected) in [
            (HOST, &group, (400, None)),
            (by("stranger"), &group, (404, None)),
            (by("anna"), &group, (403, Some("F5"))),
            (by("carl"), &open, (403, Some("F5"))),
            (by("carl"), &private, (404, None)),
            (by("ben"), &private, (403, Some("F5"))),
            (by("carl"), &GroupId::new("none").unwrap(), (404, None)),
        ] {
            world.refused(ask(&world, caller, group), expected).await;
        }
        let done = ask(&world, by("ben"), &group).await.unwrap();
        assert_eq!(world.touched(&done).await, [""; 0]);
        for caller in [HOST, by("anna")] {
            assert_eq!(listed(&world, caller, &group).await.unwrap(), std::slice::from_ref(&done.output));
        }
        world.refused(listed(&world, by("ben"), &group), (403, Some("A10"))).await;
        world.refused(listed(&world, by("stranger"), &group), (404, None)).await;
        world.refused(listed(&world, by("carl"), &private), (404, None)).await;
        world.refused(listed(&world, HOST, &GroupId::new("none").unwrap()), (404, None)).await;
        // Who asks has no right in the group (A10).
        assert!(!world.may("ben", "view", &EntityUid::new("Tool", "group:closed/documents")).await);
    }

    #[tokio::test]
    async fn f5_a_message_has_a_greatest_length() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        let ask = async |actor: &str, message: String| {
            request_join(&world.admin, &by(actor), &group, NewJoinRequest { message }).await
        };
        world.refused(ask("ben", "é".repeat(MESSAGE_CHARACTERS_MAX + 1)), (422, None)).await;
        world.refused(ask("ben", "a\0".to_owned()), (422, None)).await;
        ask("ben", "é".repeat(MESSAGE_CHARACTERS_MAX)).await.unwrap();
        ask("carl", String::new()).await.unwrap();
    }

    #[tokio::test]
    async fn f5_one_open_request_of_a_person_to_a_group() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        let first = ask(&world, by("ben"), &group).await.unwrap().output;
        world.later(30 * DAY_MS);
        world.refused(ask(&world, by("ben"), &group), (409, Some("F5"))).await;
        ask(&world, by("carl"), &group).await.unwrap();
        close_join_request(&world.admin, &by("ben"), &group, &first.id).await.unwrap();
        let again = ask(&world, by("ben"), &group).await.unwrap().output;
        assert_eq!(listed(&world, by("anna"), &group).await.unwrap().len(), 2);
        close_join_request(&world.admin, &by("anna"), &group, &again.id).await.unwrap();
        // The administrator was written to just now.
        world.refused(ask(&world, by("ben"), &group), (409, Some("F5"))).await;
        world.later(DAY_MS);
        ask(&world, by("ben"), &group).await.unwrap();
    }

    #[tokio::test]
    async fn f5_the_person_withdraws_and_the_administrator_dismisses() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        let other = closed(&world, "other").await;
        let request = ask(&world, by("ben"), &group).await.unwrap().output.id;
        let close =
            async |caller: Caller, group: &GroupId| close_join_request(&world.admin, &caller, group, &request).await;
        world.refused(close(by("carl"), &group), (403, Some("A10"))).await;
        world.refused(close(by("stranger"), &group), (404, None)).await;
        world.refused(close(by("anna"), &other), (404, None)).await;
        world.refused(close(HOST, &other), (404, None)).await;
        // A group that has become private does not keep the request.
        change_group(&world.admin, &HOST, &group, body(r#"{"published":false}"#)).await.unwrap();
        world.refused(close(by("carl"), &group), (404, None)).await;
        close(by("ben"), &group).await.unwrap();
        assert_eq!(listed(&world, by("anna"), &group).await.unwrap(), []);
        world.refused(close(by("ben"), &group), (409, Some("F5"))).await;
        world.refused(close(HOST, &group), (409, Some("F5"))).await;
    }

    #[tokio::test]
    async fn f5_becoming_a_member_answers_the_request() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        ask(&world, by("ben"), &group).await.unwrap();
        let token = world.invite(&group, r#"{"user":"ben"}"#).await.token.unwrap();
        assert_eq!(listed(&world, HOST, &group).await.unwrap().len(), 1);
        world.accept("ben", &token).await.unwrap();
        assert_eq!(listed(&world, HOST, &group).await.unwrap(), []);
        world.refused(ask(&world, by("ben"), &group), (403, Some("F5"))).await;
        leave_group(&world.admin, &by("ben"), &group, Leaving::default()).await.unwrap();
        ask(&world, by("ben"), &group).await.unwrap();
    }

    #[tokio::test]
    async fn p7_a14_a_request_ends_with_the_person_and_with_the_group() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        ask(&world, by("ben"), &group).await.unwrap();
        ask(&world, by("carl"), &group).await.unwrap();
        delete_user(&world.admin, &HOST, &user("ben")).await.unwrap();
        let left: Vec<_> =
            listed(&world, HOST, &group).await.unwrap().into_iter().map(|request| request.user).collect();
        assert_eq!(left, [user("carl")]);
        delete_group(&world.admin, &HOST, &group).await.unwrap();
        world.refused(listed(&world, HOST, &group), (404, None)).await;
    }

    #[tokio::test]
    async fn f5_nobody_asks_without_end() {
        let world = World::new().await;
        for n in 0..=REQUESTS_PER_USER_MAX {
            let group = closed(&world, &format!("g{n}")).await;
            let asked = ask(&world, by("ben"), &group).await;
            if n == REQUESTS_PER_USER_MAX {
                world.refused(async { asked }, (409, Some("F5"))).await;
                break;
            }
            // Withdrawing makes no room for the next on the same day.
            close_join_request(&world.admin, &by("ben"), &group, &asked.unwrap().output.id).await.unwrap();
        }
        world.later(DAY_MS);
        ask(&world, by("ben"), &GroupId::new("g0").unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn f5_a_group_takes_a_bounded_number_of_requests() {
        let world = World::new().await;
        let group = closed(&world, "closed").await;
        for n in 0..OPEN_REQUESTS_PER_GROUP_MAX {
            let id = format!("p{n}");
            world.person(&id, "free").await;
            ask(&world, by(&id), &group).await.unwrap();
        }
        world.refused(ask(&world, by("ben"), &group), (409, Some("F5"))).await;
        let first = listed(&world, by("anna"), &group).await.unwrap().remove(0);
        close_join_request(&world.admin, &by("anna"), &group, &first.id).await.unwrap();
        ask(&world, by("ben"), &group).await.unwrap();
    }
}
