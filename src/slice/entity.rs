//! Facts of the store as Cedar entities, with all their ancestors, and what they rest on.

use crate::cedar::{self, CedarError, Entity, reference, references};
use crate::domain::content::Space;
use crate::domain::facts::{ContentFacts, ContentKind, Facts, GroupFacts, QuotaFacts, UserFacts};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Right, ToolId, ToolKind, UserId};
use cedar_policy_core::ast::{EntityUID, Value};
use smol_str::format_smolstr;
use std::sync::Arc;

type Attributes = Vec<(&'static str, Value)>;

/// The entity that these facts make.
///
/// # Errors
/// If the uid's type is not written as types are.
pub fn entity(uid: &EntityUid, facts: &Facts) -> Result<Arc<Entity>, CedarError> {
    let own = cedar::uid(uid)?;
    match facts {
        Facts::User(user) => user_entity(own, user),
        Facts::Group(group) => group_entity(own, uid, group),
        Facts::Quota(quota) => Ok(cedar::entity(own, [("free", free(quota).into())], none(), none())),
        Facts::Content(content) => content_entity(own, content),
    }
}

/// The entities whose change may change this one: itself, and what its facts were joined from.
#[must_use]
pub fn rests_on(uid: &EntityUid, facts: Option<&Facts>) -> Vec<EntityUid> {
    let mut rests = vec![uid.clone()];
    match facts {
        Some(Facts::User(_)) => rests.extend(profile(uid)),
        Some(Facts::Quota(quota)) => {
            rests.push(EntityUid::user(&quota.payer));
            rests.push(EntityUid::new(types::SUBSCRIPTION, quota.subscription.text()));
            rests.extend(quota_group(uid));
        }
        Some(Facts::Content(content)) if content.kind != ContentKind::Tool => {
            rests.extend(content.folders.iter().map(|folder| EntityUid::new(types::FOLDER, folder.text())));
            rests.push(EntityUid::new(types::TOOL, content.tool.text()));
        }
        Some(Facts::Group(_) | Facts::Content(_)) | None => {}
    }
    rests
}

/// The tool whose grants say who sees the whole profile (M4).
fn profile(user: &EntityUid) -> Option<EntityUid> {
    let space = Space::Private(UserId::new(user.id.clone()).ok()?);
    let tool = ToolId { space, kind: ToolKind::new("profile") };
    Some(EntityUid::new(types::TOOL, tool.text()))
}

/// The group whose administrator pays for a tool: a handover changes the quota (A5).
fn quota_group(quota: &EntityUid) -> Option<EntityUid> {
    match ToolId::parse(&quota.id).ok()?.space {
        Space::Group(group) => Some(EntityUid::group(&group)),
        Space::Private(_) => None,
    }
}

/// The role that a group's co-administrators hold.
fn co_administrators(group: &GroupId) -> EntityUid {
    EntityUid::new(types::ROLE, format_smolstr!("{group}/co-administrators"))
}

const fn none() -> [EntityUID; 0] {
    []
}

fn free(quota: &QuotaFacts) -> i64 {
    quota.capacity.map_or(i64::MAX, |capacity| capacity.saturating_sub(quota.used))
}

fn user_entity(own: EntityUID, user: &UserFacts) -> Result<Arc<Entity>, CedarError> {
    let groups = all(user.groups.iter().map(EntityUid::group))?;
    let roles = all(user.co_administers.iter().map(co_administrators))?;
    let mut attributes = vec![("groups", references(groups.iter().cloned()))];
    if !user.profile_viewers.is_empty() {
        attributes.push(("canViewProfile", grantees(user.profile_viewers.iter())?));
    }
    Ok(cedar::entity(own, attributes, groups.into_iter().chain(roles), none()))
}

fn group_entity(own: EntityUID, uid: &EntityUid, group: &GroupFacts) -> Result<Arc<Entity>, CedarError> {
    let role = EntityUid::new(types::ROLE, format_smolstr!("{}/co-administrators", uid.id));
    let attributes = [
        ("administrator", reference(cedar::uid(&EntityUid::user(&group.administrator))?)),
        ("coAdministrators", reference(cedar::uid(&role)?)),
        ("published", group.published.into()),
        ("open", group.open.into()),
        ("membersPublished", group.members_published.into()),
    ];
    Ok(cedar::entity(own, attributes, none(), none()))
}

fn content_entity(own: EntityUID, content: &ContentFacts) -> Result<Arc<Entity>, CedarError> {
    let tool = cedar::uid(&EntityUid::new(types::TOOL, content.tool.text()))?;
    let mut attributes = grants(content)?;
    attributes.push(("toolKind", content.tool_kind().as_str().into()));
    attributes.push(space(content.space())?);
    if content.kind != ContentKind::Item {
        let quota = EntityUid::new(types::QUOTA, content.tool.text());
        attributes.push(("quota", reference(cedar::uid(&quota)?)));
    }
    if content.kind == ContentKind::Tool {
        return Ok(cedar::entity(own, attributes, none(), none()));
    }
    attributes.push(("tool", reference(tool.clone())));
    if let Some(author) = &content.author {
        attributes.push(("author", reference(cedar::uid(&EntityUid::user(author))?)));
    }
    let folders = content.folders.iter().map(|folder| EntityUid::new(types::FOLDER, folder.text()));
    let mut chain = all(folders)?.into_iter().chain([tool]);
    // What it lies in directly, and what that lies in.
    let parent = chain.next();
    Ok(cedar::entity(own, attributes, parent, chain))
}

fn space(space: &Space) -> Result<(&'static str, Value), CedarError> {
    Ok(match space {
        Space::Group(group) => ("group", reference(cedar::uid(&EntityUid::group(group))?)),
        Space::Private(owner) => ("owner", reference(cedar::uid(&EntityUid::user(owner))?)),
    })
}

/// The effective grants, one `Grantees` record per right that the entity type has.
fn grants(content: &ContentFacts) -> Result<Attributes, CedarError> {
    const NAMES: [(Right, &str); 5] = [
        (Right::View, "canView"),
        (Right::ViewDetails, "canViewDetails"),
        (Right::Add, "canAdd"),
        (Right::Edit, "canEdit"),
        (Right::Delete, "canDelete"),
    ];
    let has = |right| right != Right::Add || content.kind != ContentKind::Item;
    NAMES
        .into_iter()
        .filter(|(right, _)| has(*right))
        .map(|(right, name)| {
            let granted = content.grants.iter().filter(|(granted, _)| *granted == right);
            Ok((name, grantees(granted.map(|(_, grantee)| grantee))?))
        })
        .collect()
}

fn grantees<'a>(granted: impl Iterator<Item = &'a Grantee>) -> Result<Value, CedarError> {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for grantee in granted {
        match grantee {
            Grantee::User(user) => users.push(cedar::uid(&EntityUid::user(user))?),
            Grantee::Group(group) => groups.push(cedar::uid(&EntityUid::group(group))?),
        }
    }
    Ok(cedar::grantees(users, groups))
}

fn all(uids: impl Iterator<Item = EntityUid>) -> Result<Vec<EntityUID>, CedarError> {
    uids.map(|uid| cedar::uid(&uid)).collect()
}
