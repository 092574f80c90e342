//! Facts of the store as Cedar entities, with all their ancestors, and what they rest on.

use crate::cedar::{self, CedarError, Described, Entity, EntityModel, reference, references};
use crate::domain::content::Space;
use crate::domain::facts::{ContentFacts, ContentKind, Facts, GroupFacts, HostFacts, QuotaFacts, UserFacts};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Right, ToolId, ToolKind, UserId};
use cedar_policy_core::ast::{EntityUID, Value};
use smol_str::{SmolStr, format_smolstr};
use std::sync::Arc;

type Attributes = Vec<(SmolStr, Value)>;

/// The entity that these facts make, in a schema's model.
///
/// # Errors
/// If the uid's type is not written as types are, or what the host said is not what the schema says now.
pub fn entity(uid: &EntityUid, facts: &Facts, model: &EntityModel) -> Result<Arc<Entity>, CedarError> {
    let own = cedar::uid(uid)?;
    Ok(match facts {
        Facts::User(user) => user_entity(own, user, Host::of(uid, &user.host, model)?)?,
        Facts::Group(group) => group_entity(own, uid, group, Host::of(uid, &group.host, model)?)?,
        Facts::Quota(quota) => cedar::entity(own, [("free".into(), free(quota).into())], none(), none(), []),
        Facts::Content(content) => content_entity(own, content, Host::of(uid, &content.host, model)?)?,
        Facts::Host(host) => {
            let Host { said, ancestors } = Host::whole(uid, host, model)?;
            cedar::entity(own, said.attributes, none(), ancestors, said.tags)
        }
    })
}

/// What the host says of an entity, as Cedar holds it.
#[derive(Default)]
struct Host {
    said: Described,
    ancestors: Vec<EntityUID>,
}

impl Host {
    /// Most entities of the built-in types are as Conclave keeps them.
    fn of(uid: &EntityUid, facts: &HostFacts, model: &EntityModel) -> Result<Self, CedarError> {
        if *facts == HostFacts::default() { Ok(Self::default()) } else { Self::whole(uid, facts, model) }
    }

    fn whole(uid: &EntityUid, facts: &HostFacts, model: &EntityModel) -> Result<Self, CedarError> {
        let wrong = |error| CedarError::Described(uid.clone(), error);
        let said = model.whole(uid, &facts.attributes, &facts.tags).map_err(wrong)?;
        let above = facts.ancestors.iter().filter(|above| *above != uid);
        let above = above.map(|above| model.check_ancestor(&uid.type_name, above).map_err(wrong).map(|()| above));
        let ancestors = above.map(|above| cedar::uid(above?)).collect::<Result<_, _>>()?;
        Ok(Self { said, ancestors })
    }
}

/// The entities whose change may change this one: itself, what its facts were joined from, and what it is in where
/// that may be in something else.
#[must_use]
pub fn rests_on(uid: &EntityUid, facts: Option<&Facts>, model: &EntityModel) -> Vec<EntityUid> {
    let mut rests = vec![uid.clone()];
    match facts {
        Some(Facts::User(user)) => {
            rests.extend(profile(uid));
            if !model.is_rooted(types::GROUP) {
                rests.extend(user.groups.iter().map(EntityUid::group));
            }
            rests.extend_from_slice(&user.host.ancestors);
        }
        Some(Facts::Quota(quota)) => {
            rests.push(EntityUid::user(&quota.payer));
            rests.push(EntityUid::new(types::SUBSCRIPTION, quota.subscription.text()));
            rests.extend(quota_group(uid));
        }
        Some(Facts::Content(content)) => {
            if content.kind != ContentKind::Tool {
                rests.extend(content.folders.iter().map(|folder| EntityUid::new(types::FOLDER, folder.text())));
                rests.push(EntityUid::new(types::TOOL, content.tool.text()));
            }
            rests.extend_from_slice(&content.host.ancestors);
        }
        Some(Facts::Group(group)) => rests.extend_from_slice(&group.host.ancestors),
        Some(Facts::Host(host)) => rests.extend_from_slice(&host.ancestors),
        // A quota is there as soon as its tool is.
        None if uid.type_name == types::QUOTA => rests.push(EntityUid::new(types::TOOL, uid.id.clone())),
        None => {}
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

fn user_entity(own: EntityUID, user: &UserFacts, host: Host) -> Result<Arc<Entity>, CedarError> {
    let groups = all(user.groups.iter().map(EntityUid::group))?;
    let roles = all(user.co_administers.iter().map(co_administrators))?;
    let mut attributes = host.said.attributes;
    attributes.push(("groups".into(), references(groups.iter().cloned())));
    if !user.profile_viewers.is_empty() {
        attributes.push(("canViewProfile".into(), grantees(user.profile_viewers.iter())?));
    }
    Ok(cedar::entity(own, attributes, groups.into_iter().chain(roles), host.ancestors, host.said.tags))
}

fn group_entity(own: EntityUID, uid: &EntityUid, group: &GroupFacts, host: Host) -> Result<Arc<Entity>, CedarError> {
    let role = EntityUid::new(types::ROLE, format_smolstr!("{}/co-administrators", uid.id));
    let mut attributes = host.said.attributes;
    attributes.extend([
        ("administrator".into(), reference(cedar::uid(&EntityUid::user(&group.administrator))?)),
        ("coAdministrators".into(), reference(cedar::uid(&role)?)),
        ("published".into(), group.published.into()),
        ("open".into(), group.open.into()),
        ("membersPublished".into(), group.members_published.into()),
    ]);
    Ok(cedar::entity(own, attributes, none(), host.ancestors, host.said.tags))
}

fn content_entity(own: EntityUID, content: &ContentFacts, host: Host) -> Result<Arc<Entity>, CedarError> {
    let tool = cedar::uid(&EntityUid::new(types::TOOL, content.tool.text()))?;
    let mut attributes = grants(content)?;
    attributes.extend(host.said.attributes);
    attributes.push(("toolKind".into(), content.tool_kind().as_str().into()));
    attributes.push(space(content.space())?);
    if content.kind != ContentKind::Item {
        let quota = EntityUid::new(types::QUOTA, content.tool.text());
        attributes.push(("quota".into(), reference(cedar::uid(&quota)?)));
    }
    if content.kind == ContentKind::Tool {
        return Ok(cedar::entity(own, attributes, none(), host.ancestors, host.said.tags));
    }
    attributes.push(("tool".into(), reference(tool.clone())));
    if let Some(author) = &content.author {
        attributes.push(("author".into(), reference(cedar::uid(&EntityUid::user(author))?)));
    }
    let folders = content.folders.iter().map(|folder| EntityUid::new(types::FOLDER, folder.text()));
    let mut chain = all(folders)?.into_iter().chain([tool]);
    // What it lies in directly, and what that lies in.
    let parent = chain.next();
    Ok(cedar::entity(own, attributes, parent, chain.chain(host.ancestors), host.said.tags))
}

fn space(space: &Space) -> Result<(SmolStr, Value), CedarError> {
    Ok(match space {
        Space::Group(group) => ("group".into(), reference(cedar::uid(&EntityUid::group(group))?)),
        Space::Private(owner) => ("owner".into(), reference(cedar::uid(&EntityUid::user(owner))?)),
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
            Ok((name.into(), grantees(granted.map(|(_, grantee)| grantee))?))
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
