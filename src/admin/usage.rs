//! How full the tools of a group or of a user are.

use super::authority::not_found;
use super::schema::Amount;
use super::{Admin, Caller, Refusal};
use crate::domain::{ContentRef, Context, EntityUid, GroupId, Rule, Space, ToolId, ToolKind, UserId};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One tool, in its own unit (bytes of documents, say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ToolUsage {
    /// What it holds.
    #[schema(value_type = Amount)]
    pub used: i64,
    /// What it may hold by the subscription that pays for it (P5); `null` is without limit.
    #[schema(value_type = Option<Amount>, required)]
    pub capacity: Option<i64>,
}

/// The tools of one space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// Each by its kind.
    pub tools: BTreeMap<ToolKind, ToolUsage>,
}

/// Usage of a group's tools: of those whose content the actor may view, which for everyone in the
/// group is all (S2). The capacity is that of the administrator's subscription (P5).
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such group or the actor may not view it,
/// [`Refusal::Forbidden`] if they may view the group but nothing in it.
pub async fn group_usage(admin: &Admin, caller: &Caller, group: &GroupId) -> Result<Usage, Refusal> {
    let uid = EntityUid::group(group);
    let space = Space::Group(group.clone());
    let usage = of_space(admin, &space).await?.ok_or_else(|| not_found(&uid))?;
    let Some(actor) = &caller.actor else { return Ok(usage) };
    let mut visible = Usage::default();
    for (kind, tool) in usage.tools {
        let id = ToolId { space: space.clone(), kind: kind.clone() };
        if admin.allows(actor, "view", &ContentRef::Tool(id).uid(), Context::empty()).await? {
            visible.tools.insert(kind, tool);
        }
    }
    if !visible.tools.is_empty() {
        return Ok(visible);
    }
    admin.authorize(caller, "view_group", &uid).await?;
    let detail = "only people in the group see how full its tools are".to_owned();
    Err(Refusal::Forbidden { rule: Some(Rule::S2), detail })
}

/// Usage of a user's private tools; for that user alone.
///
/// # Errors
/// [`Refusal::Forbidden`] to every other actor, [`Refusal::NotFound`] if there is no such user.
pub async fn user_usage(admin: &Admin, caller: &Caller, user: &UserId) -> Result<Usage, Refusal> {
    only_oneself(caller, user, "usage")?;
    let usage = of_space(admin, &Space::Private(user.clone())).await?;
    usage.ok_or_else(|| not_found(&EntityUid::user(user)))
}

/// Refuses every actor but the user it is about, whether that user exists or not.
pub(super) fn only_oneself(caller: &Caller, user: &UserId, what: &str) -> Result<(), Refusal> {
    match &caller.actor {
        Some(actor) if actor != user => {
            Err(Refusal::Forbidden { rule: None, detail: format!("only that user may read the {what} of a user") })
        }
        _ => Ok(()),
    }
}

/// `None` if the space does not exist.
async fn of_space(admin: &Admin, space: &Space) -> Result<Option<Usage>, Refusal> {
    if !admin.store.space_exists(space).await? {
        return Ok(None);
    }
    let tools = admin.store.usage(space).await?;
    let usage = tools.into_iter().map(|(kind, room)| (kind, ToolUsage { used: room.used, capacity: room.capacity }));
    Ok(Some(Usage { tools: usage.collect() }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, group, user, why};
    use super::*;

    #[tokio::test]
    async fn p5_the_administrators_subscription_sets_the_capacity_of_a_group() {
        let office = World::demo().await;
        for caller in [HOST, by("salesman-1"), by("director")] {
            let usage = group_usage(&office.admin, &caller, &group("sales")).await.unwrap();
            let kinds: Vec<&str> = usage.tools.keys().map(ToolKind::as_str).collect();
            assert_eq!(kinds, ["calendar", "contacts", "documents", "polls"]);
            let documents = usage.tools[&ToolKind::new("documents")];
            assert_eq!(documents, ToolUsage { used: 48_000, capacity: Some(10_000_000_000) });
            assert_eq!(usage.tools[&ToolKind::new("polls")].capacity, None);
        }
    }

    #[tokio::test]
    async fn s2_usage_of_a_group_is_for_the_people_in_it() {
        let office = World::demo().await;
        assert_eq!(why(group_usage(&office.admin, &by("workman-1"), &group("sales")).await), (404, None));
        assert_eq!(why(group_usage(&office.admin, &HOST, &group("nothing")).await), (404, None));
    }

    #[tokio::test]
    async fn p5_usage_of_a_user_is_for_that_user() {
        let office = World::demo().await;
        for caller in [HOST, by("workman-1")] {
            let usage = user_usage(&office.admin, &caller, &user("workman-1")).await.unwrap();
            assert_eq!(usage.tools.len(), 7);
            assert_eq!(usage.tools[&ToolKind::new("documents")].capacity, Some(1_000_000_000));
        }
        assert_eq!(why(user_usage(&office.admin, &by("director"), &user("workman-1")).await), (403, None));
        assert_eq!(why(user_usage(&office.admin, &HOST, &user("nobody")).await), (404, None));
        assert_eq!(why(user_usage(&office.admin, &by("nobody"), &user("nobody")).await), (404, None));
    }
}
