//! Creating a plan, or replacing its limits (P1-P6). A smaller one is accepted at any time: what
//! is over it stays, and only additions are refused (P6).

use super::field::{conflict, out_of_range};
use super::schema::{Amount, Capacity};
use super::{Admin, Caller, Done, Put, Refusal, authority};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Limits, Rule, Subscription, SubscriptionId, ToolKind};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Limits as a request writes them; wider than what is accepted, so that a refusal names the limit.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimits {
    /// How many groups the user may administer at a time (P3); none if left out.
    #[serde(default)]
    #[schema(value_type = Option<Amount>)]
    pub max_groups: Option<i128>,
    /// How many members each of those may have (P4); none if left out.
    #[serde(default)]
    #[schema(value_type = Option<Amount>)]
    pub max_members: Option<i128>,
    /// Capacity by tool kind, in the tool's own unit (P5); none for kinds left out.
    #[serde(default)]
    #[schema(value_type = BTreeMap<ToolKind, Capacity>)]
    pub capacities: BTreeMap<ToolKind, Option<i128>>,
}

/// Creates a subscription or replaces its limits.
///
/// # Errors
/// [`Refusal`]: not the host's call, or a limit out of range.
pub async fn put_subscription(
    admin: &Admin,
    caller: &Caller,
    id: SubscriptionId,
    input: NewLimits,
) -> Result<Done<Put<Subscription>>, Refusal> {
    admin.host_only(caller, "subscriptions")?;
    let limits = limits(admin, input)?;
    let mut tx = admin.begin("put_subscription", caller).await?;
    let created = tx.put_subscription(&id, &limits).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Put { created, value: Subscription { id, limits } }, revision })
}

/// Deletes a subscription that nobody has (P1).
///
/// # Errors
/// [`Refusal`]: not the host's call, no such subscription, or somebody has it.
pub async fn delete_subscription(admin: &Admin, caller: &Caller, id: &SubscriptionId) -> Result<Done<()>, Refusal> {
    admin.host_only(caller, "subscriptions")?;
    let mut tx = admin.begin("delete_subscription", caller).await?;
    if tx.subscription_is_used(id).await? {
        return Err(conflict(Rule::P1, format!("somebody has the subscription `{id}`")));
    }
    if !tx.delete_subscription(id).await? {
        return Err(authority::not_found(&EntityUid::new(types::SUBSCRIPTION, id.text())));
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

fn limits(admin: &Admin, input: NewLimits) -> Result<Limits, Refusal> {
    let mut capacities = BTreeMap::new();
    for (kind, capacity) in input.capacities {
        if !admin.settings.private_tools.contains(&kind) && !admin.settings.group_tools.contains(&kind) {
            return Err(out_of_range("capacities", format!("names `{kind}`, which is no configured kind of tool")));
        }
        capacities.insert(kind, limit("capacities", capacity)?);
    }
    Ok(Limits {
        max_groups: limit("max_groups", input.max_groups)?,
        max_members: limit("max_members", input.max_members)?,
        capacities,
    })
}

fn limit(field: &'static str, value: Option<i128>) -> Result<Option<u64>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    match i64::try_from(value).map(u64::try_from) {
        Ok(Ok(value)) => Ok(Some(value)),
        _ => Err(out_of_range(field, format!("must be from 0 to {}, not {value}", i64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::delete_user::delete_user;
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    #[test]
    fn p3_a_limit_is_a_count() {
        assert_eq!(limit("x", None).unwrap(), None);
        assert_eq!(limit("x", Some(0)).unwrap(), Some(0));
        assert_eq!(limit("x", Some(i64::MAX.into())).unwrap(), Some(i64::MAX.unsigned_abs()));
        for bad in [-1, i128::from(i64::MAX) + 1, i128::MIN] {
            assert!(matches!(limit("x", Some(bad)), Err(Refusal::OutOfRange { field: "x", .. })), "{bad}");
        }
    }

    async fn put(world: &World, caller: &Caller, json: &str) -> Result<Done<Put<Subscription>>, Refusal> {
        put_subscription(&world.admin, caller, SubscriptionId::new("gold").unwrap(), body(json)).await
    }

    #[tokio::test]
    async fn p6_a_plan_is_replaced_whole() {
        let world = World::new().await;
        let full = r#"{"max_groups":3,"max_members":30,"capacities":{"documents":1000,"calendar":null}}"#;
        let done = put(&world, &HOST, full).await.unwrap();
        assert!(done.output.created);
        assert_eq!(world.touched(&done).await, ["created Subscription::\"gold\""]);
        let stored = world.admin.store.subscription(&done.output.value.id).await.unwrap().unwrap().limits;
        assert_eq!((stored.max_groups, stored.max_members), (Some(3), Some(30)));
        assert_eq!(stored.capacity(&ToolKind::new("documents")), Some(1000));
        let smaller = put(&world, &HOST, "{}").await.unwrap();
        assert!(!smaller.output.created);
        assert_eq!(world.touched(&smaller).await, ["changed Subscription::\"gold\""]);
        let stored = world.admin.store.subscription(&smaller.output.value.id).await.unwrap().unwrap().limits;
        assert_eq!(stored, Limits::default());
    }

    #[tokio::test]
    async fn p1_plans_are_the_hosts_alone_and_stay_while_used() {
        let world = World::new().await;
        for (caller, json, expected) in [
            (by("anna"), "{}", (403, None)),
            (HOST, r#"{"max_groups":-1}"#, (422, None)),
            (HOST, r#"{"capacities":{"documents":-1}}"#, (422, None)),
            (HOST, r#"{"capacities":{"dokuments":1}}"#, (422, None)),
        ] {
            world.refused(put(&world, &caller, json), expected).await;
        }
        put(&world, &HOST, "{}").await.unwrap();
        world.person("eve", "gold").await;
        let gold = SubscriptionId::new("gold").unwrap();
        world.refused(delete_subscription(&world.admin, &by("eve"), &gold), (403, None)).await;
        world.refused(delete_subscription(&world.admin, &HOST, &gold), (409, Some("P1"))).await;
        delete_user(&world.admin, &HOST, &user("eve")).await.unwrap();
        let done = delete_subscription(&world.admin, &HOST, &gold).await.unwrap();
        assert_eq!(world.touched(&done).await, ["deleted Subscription::\"gold\""]);
        world.refused(delete_subscription(&world.admin, &HOST, &gold), (404, None)).await;
    }
}
