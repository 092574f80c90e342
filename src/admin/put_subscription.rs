//! Creating a plan, or replacing its limits (P1-P6). A smaller one is accepted at any time: what
//! is over it stays, and only additions are refused (P6).

use super::field::{amount, conflict, out_of_range};
use super::schema::{Amount, Capacity};
use super::{Admin, Caller, Done, Put, Refusal, authority};
use crate::domain::json::Distinct;
use crate::domain::uid::types;
use crate::domain::{EntityUid, Limits, Rule, Subscription, SubscriptionId, ToolKind};
use serde::Deserialize;
use serde_json::Number;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Limits as a request writes them; wider than what is accepted, so that a refusal names the limit.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimits {
    /// How many groups the user may administer at a time (P3); none if left out.
    #[serde(default)]
    #[schema(value_type = Option<Amount>)]
    pub max_groups: Option<Number>,
    /// How many members each of those may have (P4); none if left out.
    #[serde(default)]
    #[schema(value_type = Option<Amount>)]
    pub max_members: Option<Number>,
    /// Capacity by tool kind, in the tool's own unit (P5); none for kinds left out.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<ToolKind, Capacity>>)]
    pub capacities: Option<Distinct<ToolKind, Option<Number>>>,
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
    for (kind, capacity) in input.capacities.into_iter().flat_map(|Distinct(capacities)| capacities) {
        if !admin.settings.private_tools.contains(&kind) && !admin.settings.group_tools.contains(&kind) {
            return Err(out_of_range("capacities", format!("names `{kind}`, which is no configured kind of tool")));
        }
        // One that is null is none, as one that is left out.
        if let Some(capacity) = limit("capacities", capacity.as_ref())? {
            capacities.insert(kind, Some(capacity));
        }
    }
    Ok(Limits {
        max_groups: limit("max_groups", input.max_groups.as_ref())?,
        max_members: limit("max_members", input.max_members.as_ref())?,
        capacities,
    })
}

fn limit(field: &'static str, value: Option<&Number>) -> Result<Option<u64>, Refusal> {
    Ok(amount(field, value)?.map(i64::unsigned_abs))
}

#[cfg(test)]
mod tests {
    use super::super::delete_user::delete_user;
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;

    #[test]
    fn p3_a_limit_is_a_count() {
        let limit = |text: &str| limit("x", Some(&serde_json::from_str(text).unwrap()));
        assert_eq!(limit("0").unwrap(), Some(0));
        assert_eq!(limit("9223372036854775807").unwrap(), Some(i64::MAX.unsigned_abs()));
        for bad in ["-1", "9223372036854775808", "1e300", "-1e300"] {
            assert!(matches!(limit(bad), Err(Refusal::OutOfRange { field: "x", .. })), "{bad}");
        }
        assert!(matches!(limit("1.5"), Err(Refusal::Malformed { field: "x", .. })));
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
        assert_eq!(stored.capacities.len(), 1, "null is as good as left out");
        let smaller = put(&world, &HOST, r#"{"capacities":null}"#).await.unwrap();
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
