//! Handing a group over to a member (A4, A5). From then on the limits are those of the new
//! administrator's subscription, whose every shortfall is named before anything changes.

use super::field::{conflict, id};
use super::{Admin, Caller, Done, Refusal, Shortfall, membership};
use crate::domain::{EntityUid, Group, GroupId, Limits, Rule, UserId};
use crate::store::WriteTransaction;
use crate::store::write::groups::UsedTool;
use serde::Deserialize;
use smol_str::SmolStr;

/// To whom, and whether past limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The member who takes over.
    pub user: String,
    /// Go through even if a limit is broken (A5).
    #[serde(default)]
    pub accept_over_limit: Option<bool>,
}

/// Makes a member the administrator; the administrator becomes an ordinary member.
///
/// # Errors
/// [`Refusal`]: no such group, not the administrator, somebody who is no member (A4), or a limit
/// that the new administrator's subscription would break (A5).
pub async fn hand_over(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    input: Handover,
) -> Result<Done<Group>, Refusal> {
    let mut tx = admin.begin("hand_over", caller).await?;
    admin.authorize(caller, "hand_over", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    let successor: UserId = id("user", &input.user)?;
    if tx.member(group, &successor).await?.is_none() {
        return Err(conflict(Rule::A4, format!("`{successor}` is no member of the group `{group}`")));
    }
    if !input.accept_over_limit.unwrap_or_default() {
        let shortfalls = shortfalls(&mut tx, group, &successor).await?;
        if !shortfalls.is_empty() {
            return Err(Refusal::OverLimit { shortfalls });
        }
    }
    tx.replace_administrator(&stored, &successor, admin.clock.now_ms()).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Group { administrator: successor, ..stored }, revision })
}

async fn shortfalls(tx: &mut WriteTransaction, group: &GroupId, successor: &UserId) -> Result<Vec<Shortfall>, Refusal> {
    let limits = tx.limits_of(successor).await?.unwrap_or_default();
    let groups = tx.administered_groups(successor).await?.saturating_add(1);
    // As many as before: one member becomes administrator, the administrator a member.
    let members = tx.member_count(group).await?;
    let tools = tx.used_tools(group).await?;
    Ok(compare(&limits, groups, members, &tools))
}

fn compare(limits: &Limits, groups: u64, members: u64, tools: &[UsedTool]) -> Vec<Shortfall> {
    let people = [("groups", limits.max_groups, groups), ("members", limits.max_members, members)];
    let people = people.into_iter().map(|(limit, allowed, actual)| (SmolStr::new_static(limit), allowed, actual));
    let tools = tools.iter().map(|tool| (SmolStr::new(tool.kind.as_str()), limits.capacity(&tool.kind), tool.used));
    let over = |(limit, allowed, actual): (SmolStr, Option<u64>, u64)| {
        allowed.filter(|allowed| actual > *allowed).map(|allowed| Shortfall { limit, allowed, actual })
    };
    people.chain(tools).filter_map(over).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, body, by};
    use super::*;
    use crate::domain::ToolKind;

    #[test]
    fn a5_every_shortfall_is_named() {
        let tool = |kind: &str, used| UsedTool { kind: ToolKind::new(kind), used };
        let limits = Limits {
            max_groups: Some(1),
            max_members: Some(3),
            capacities: [("documents", Some(10)), ("calendar", Some(5)), ("polls", None)]
                .map(|(kind, capacity)| (ToolKind::new(kind), capacity))
                .into(),
        };
        let tools = [tool("calendar", 5), tool("contacts", 99), tool("documents", 11), tool("polls", 99)];
        let short = |limit: &str, allowed, actual| Shortfall { limit: limit.into(), allowed, actual };
        let expected = [short("groups", 1, 2), short("members", 3, 4), short("documents", 10, 11)];
        assert_eq!(compare(&limits, 2, 4, &tools), expected);
        assert_eq!(compare(&limits, 1, 3, &tools[..2]), []);
        assert_eq!(compare(&Limits::default(), 9, 9, &tools), []);
    }

    #[tokio::test]
    async fn a4_the_group_goes_to_a_member_and_the_administrator_stays_as_one() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let give = async |caller: Caller, json| hand_over(&world.admin, &caller, &sales, body(json)).await;
        for (caller, json, expected) in [
            (by("ben"), r#"{"user":"ben"}"#, (403, Some("A4"))),
            (by("carl"), r#"{"user":"carl"}"#, (404, None)),
            (by("anna"), r#"{"user":"carl"}"#, (409, Some("A4"))),
            (by("anna"), r#"{"user":"anna"}"#, (409, Some("A4"))),
            (HOST, r#"{"user":"nobody"}"#, (409, Some("A4"))),
        ] {
            world.refused(give(caller, json), expected).await;
        }
        let done = give(by("anna"), r#"{"user":"ben"}"#).await.unwrap();
        let touched = [
            "changed Group::\"sales\"",
            "changed Quota::\"group:sales/calendar\"",
            "changed Quota::\"group:sales/contacts\"",
            "changed Quota::\"group:sales/documents\"",
            "changed Quota::\"group:sales/polls\"",
            "changed User::\"anna\"",
            "changed User::\"ben\"",
        ];
        assert_eq!(world.touched(&done).await, touched);
        let uid = EntityUid::group(&sales);
        assert!(world.may("ben", "hand_over", &uid).await);
        assert!(world.may("anna", "leave", &uid).await && !world.may("anna", "hand_over", &uid).await);
        give(by("ben"), r#"{"user":"anna"}"#).await.unwrap();
    }

    #[tokio::test]
    async fn a5_a_handover_past_a_limit_needs_acceptance() {
        let world = World::new().await;
        world.subscription("tiny", r#"{"max_groups":0,"max_members":1}"#).await;
        world.person("eve", "tiny").await;
        let sales = world.sales(&["ben", "eve"]).await;
        let give = async |json| hand_over(&world.admin, &by("anna"), &sales, body(json)).await;
        let Err(Refusal::OverLimit { shortfalls }) = give(r#"{"user":"eve"}"#).await else { panic!() };
        assert_eq!(shortfalls.iter().map(|short| short.limit.as_str()).collect::<Vec<_>>(), ["groups", "members"]);
        world.refused(give(r#"{"user":"eve","accept_over_limit":false}"#), (409, Some("A5"))).await;
        give(r#"{"user":"eve","accept_over_limit":true}"#).await.unwrap();
        // P4 holds from then on.
        let invited = super::super::invite::invite(&world.admin, &HOST, &sales, body(r#"{"user":"carl"}"#));
        world.refused(invited, (409, Some("P4"))).await;
    }
}
