//! From the description of a world to its entities. Those that Conclave keeps are made by the server's own hand, from
//! the facts that its store would hold.

use super::read::{self, line, offset};
use super::record::{Described, Grant, Place, Sheet, World};
use crate::cedar::Entity;
use crate::config::ToolKinds;
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::facts::{ContentFacts, ContentKind, Facts, GroupFacts, HostFacts, QuotaFacts, UserFacts};
use crate::domain::uid::types;
use crate::domain::{
    EntityRecord, EntityUid, FolderId, Grantee, GroupId, Right, Space, SubscriptionId, ToolId, ToolKind, UserId,
};
use crate::engine::{AllEntities, Bundle, Problem, SourceFile, entity_lines};
use crate::slice::entity;
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The entities of a file, and where each is described.
#[derive(Debug)]
pub(super) struct Populated {
    pub(super) entities: AllEntities,
    /// `file:line` of those that have a place of their own.
    pub(super) places: BTreeMap<EntityUid, String>,
}

/// What is kept of a group's people, its content and its grants.
struct Census<'w> {
    world: &'w World,
    tool_kinds: &'w ToolKinds,
    people: BTreeSet<UserId>,
    /// What the host says besides, of entities that Conclave keeps.
    additions: BTreeMap<&'w EntityUid, HostFacts>,
}

/// Everything that `sheet`, which stands in `file`, says there is.
pub(super) fn populate(
    bundle: &Bundle,
    tool_kinds: &ToolKinds,
    file: &Arc<SourceFile>,
    sheet: &Sheet,
) -> Result<Populated, Problem> {
    let mut places = BTreeMap::new();
    let beside;
    let (records, of): (&[Spanned<EntityRecord>], _) = match &sheet.entities {
        None => (&[][..], file),
        Some(Described::Here(records)) => (records.as_slice(), file),
        Some(Described::Beside(name)) => {
            let path = Path::new(&file.name).parent().unwrap_or_else(|| Path::new("")).join(name);
            let found = read::text(&path)?;
            if path.extension().is_some_and(|ending| ending == "json") && sheet.world.is_none() {
                let lines = entity_lines(&found).into_iter();
                places.extend(lines.map(|(uid, line)| (uid, format!("{}:{line}", found.name))));
                return Ok(Populated { entities: bundle.entities(&found)?, places });
            }
            beside = (read::parsed::<Vec<Spanned<EntityRecord>>>(&found)?, found);
            (beside.0.as_slice(), &beside.1)
        }
    };
    places.extend(records.iter().map(|record| place(of, &record.value.uid, record.referenced)));
    let made = match &sheet.world {
        Some(world) => made(bundle, tool_kinds, (file, world), records, &mut places)?,
        None => Vec::new(),
    };
    let entities = described(bundle, of, records, &made)?;
    let entities = entities.joined(made.into_iter().map(|(_, entity)| entity));
    let entities = entities.map_err(|message| Problem::of(file, (0, 0), message))?;
    Ok(Populated { entities, places })
}

/// The entities that are described whole.
fn described(
    bundle: &Bundle,
    file: &Arc<SourceFile>,
    records: &[Spanned<EntityRecord>],
    made: &[(EntityUid, Arc<Entity>)],
) -> Result<AllEntities, Problem> {
    let known: BTreeSet<_> = made.iter().map(|(uid, _)| uid).collect();
    let own: Vec<_> = records.iter().filter(|record| !known.contains(&record.value.uid)).collect();
    let values: Vec<_> = own.iter().map(|record| &record.value).collect();
    bundle.described(&values).map_err(|error| {
        let culprit = error.number.and_then(|number| own.get(number));
        Problem::of(file, (culprit.map_or(0, |record| offset(file, record.referenced)), 0), error.message)
    })
}

/// The entities that Conclave would keep.
fn made(
    bundle: &Bundle,
    tool_kinds: &ToolKinds,
    (file, world): (&Arc<SourceFile>, &World),
    records: &[Spanned<EntityRecord>],
    places: &mut BTreeMap<EntityUid, String>,
) -> Result<Vec<(EntityUid, Arc<Entity>)>, Problem> {
    if !bundle.model().has_groups() {
        let message = "`world` is for schemas of groups, such as the built-in one; describe `entities` instead";
        return Err(Problem::of(file, (0, 0), message));
    }
    let census = Census::of(world, tool_kinds, records);
    let mut made = Vec::new();
    for (uid, facts) in census.facts().map_err(|(at, message)| Problem::of(file, (offset(file, at), 0), message))? {
        let entity = entity::entity(&uid, &facts, bundle.model());
        made.push((uid, entity.map_err(|error| Problem::of(file, (0, 0), error_text(&error)))?));
    }
    let named = world.groups.iter().map(|group| place(file, &EntityUid::group(&group.value.id), group.referenced));
    let named =
        named.chain(world.folders.iter().map(|folder| place(file, &folder_uid(&folder.value), folder.referenced)));
    let named = named.chain(world.items.iter().map(|item| place(file, &item_uid(&item.value), item.referenced)));
    places.extend(named);
    Ok(made)
}

fn error_text(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn place(file: &SourceFile, uid: &EntityUid, at: Location) -> (EntityUid, String) {
    (uid.clone(), format!("{}:{}", file.name, line(at)))
}

fn folder_uid(folder: &Place) -> EntityUid {
    EntityUid::new(types::FOLDER, folder.id.clone())
}

fn item_uid(item: &Place) -> EntityUid {
    EntityUid::new(types::ITEM, item.id.clone())
}

/// Where it is wrong, and what.
type Wrong = (Location, String);

impl<'w> Census<'w> {
    fn of(world: &'w World, tool_kinds: &'w ToolKinds, records: &'w [Spanned<EntityRecord>]) -> Self {
        let mut people: BTreeSet<UserId> = world.users.iter().cloned().collect();
        for Spanned { value: group, .. } in &world.groups {
            people.insert(group.administrator.clone());
            people.extend(group.members.iter().chain(&group.co_administrators).cloned());
        }
        people.extend(world.folders.iter().chain(&world.items).map(|place| place.value.author.clone()));
        people.extend(world.grants.iter().filter_map(|grant| match &grant.value.to {
            Grantee::User(user) => Some(user.clone()),
            Grantee::Group(_) => None,
        }));
        let additions = records.iter().map(|record| (&record.value.uid, host_facts(&record.value, records))).collect();
        Self { world, tool_kinds, people, additions }
    }

    fn facts(&self) -> Result<Vec<(EntityUid, Facts)>, Wrong> {
        let mut all: Vec<_> = self.people.iter().map(|user| self.user(user)).collect();
        all.extend(self.world.groups.iter().map(|group| self.group(&group.value)));
        for (space, kind) in self.tools() {
            all.extend(self.tool(space, kind));
        }
        for (kind, places) in [(ContentKind::Folder, &self.world.folders), (ContentKind::Item, &self.world.items)] {
            for place in places {
                all.push(self.content(kind, place)?);
            }
        }
        self.check_grants(&all)?;
        Ok(all)
    }

    fn host(&self, uid: &EntityUid) -> HostFacts {
        self.additions.get(uid).cloned().unwrap_or_default()
    }

    fn user(&self, user: &UserId) -> (EntityUid, Facts) {
        let groups = || self.world.groups.iter().map(|group| &group.value);
        let is_in = |group: &&super::record::Group| {
            group.administrator == *user || group.members.contains(user) || group.co_administrators.contains(user)
        };
        let mut in_groups: Vec<_> = groups().filter(is_in).map(|group| group.id.clone()).collect();
        let of_role = groups().filter(|group| group.co_administrators.contains(user));
        let mut co_administers: Vec<_> = of_role.map(|group| group.id.clone()).collect();
        in_groups.sort();
        co_administers.sort();
        let profile = ToolId { space: Space::Private(user.clone()), kind: ToolKind::new("profile") };
        let viewers = self.grants_on(&[EntityUid::new(types::TOOL, profile.text())]).into_iter();
        let profile_viewers = viewers.filter(|(right, _)| *right == Right::View).map(|(_, grantee)| grantee).collect();
        let uid = EntityUid::user(user);
        let host = self.host(&uid);
        (uid, Facts::User(UserFacts { groups: in_groups, co_administers, profile_viewers, host }))
    }

    fn group(&self, group: &super::record::Group) -> (EntityUid, Facts) {
        let uid = EntityUid::group(&group.id);
        let facts = GroupFacts {
            administrator: group.administrator.clone(),
            published: group.published,
            open: group.open,
            members_published: group.members_published,
            host: self.host(&uid),
        };
        (uid, Facts::Group(facts))
    }

    /// Every tool of every space (S1).
    fn tools(&self) -> impl Iterator<Item = (Space, &ToolKind)> {
        let groups = self.world.groups.iter().map(|group| Space::Group(group.value.id.clone()));
        let groups = groups.flat_map(move |space| self.tool_kinds.group.iter().map(move |kind| (space.clone(), kind)));
        let people = self.people.iter().map(|user| Space::Private(user.clone()));
        groups
            .chain(people.flat_map(move |space| self.tool_kinds.private.iter().map(move |kind| (space.clone(), kind))))
    }

    /// A tool and its quota.
    fn tool(&self, space: Space, kind: &ToolKind) -> impl Iterator<Item = (EntityUid, Facts)> + use<> {
        let payer = match &space {
            Space::Private(user) => Some(user.clone()),
            Space::Group(id) => self.group_of(id).map(|group| group.administrator.clone()),
        };
        let tool = ToolId { space, kind: kind.clone() };
        let uid = EntityUid::new(types::TOOL, tool.text());
        let quota = EntityUid::new(types::QUOTA, tool.text());
        let content = ContentFacts {
            kind: ContentKind::Tool,
            grants: self.grants_on(std::slice::from_ref(&uid)),
            host: self.host(&uid),
            tool,
            folders: Vec::new(),
            author: None,
        };
        let free = payer.and_then(|payer| self.quota(kind, payer));
        std::iter::once((uid, Facts::Content(content))).chain(free.map(|free| (quota, Facts::Quota(free))))
    }

    fn group_of(&self, id: &GroupId) -> Option<&super::record::Group> {
        self.world.groups.iter().map(|group| &group.value).find(|group| group.id == *id)
    }

    fn content(&self, kind: ContentKind, place: &Spanned<Place>) -> Result<(EntityUid, Facts), Wrong> {
        let is_folder = kind == ContentKind::Folder;
        let uid = if is_folder { folder_uid(&place.value) } else { item_uid(&place.value) };
        let (folders, tool) = self.chain(place)?;
        let above = folders.iter().map(|folder| EntityUid::new(types::FOLDER, folder.text()));
        let mut lies_in: Vec<_> = std::iter::once(uid.clone()).chain(above).collect();
        lies_in.push(EntityUid::new(types::TOOL, tool.text()));
        let author = Some(place.value.author.clone());
        let (grants, host) = (self.grants_on(&lies_in), self.host(&uid));
        Ok((uid, Facts::Content(ContentFacts { kind, tool, folders, author, grants, host })))
    }

    /// The folders that something lies in, nearest first, and its tool.
    fn chain(&self, place: &Spanned<Place>) -> Result<(Vec<FolderId>, ToolId), Wrong> {
        let wrong = |message: String| (place.referenced, message);
        let mut folders = Vec::new();
        let mut parent = &place.value.parent;
        while parent.type_name == types::FOLDER {
            let above = self.world.folders.iter().find(|folder| folder.value.id == parent.id);
            let Some(above) = above.filter(|_| folders.len() < FOLDER_DEPTH_MAX) else {
                return Err(wrong(format!("`{parent}` is no folder of this world, or lies in itself")));
            };
            folders.push(FolderId::new(parent.id.clone()).map_err(|error| wrong(error.to_string()))?);
            parent = &above.value.parent;
        }
        let tool = ToolId::parse(&parent.id).ok().filter(|_| parent.type_name == types::TOOL);
        let tool = tool.filter(|tool| self.tools().any(|(space, kind)| space == tool.space && *kind == tool.kind));
        let tool = tool.ok_or_else(|| wrong(format!("`{parent}` is no folder and no tool of this world")))?;
        Ok((folders, tool))
    }

    /// The grants on any of these, as facts hold them: sorted, each once.
    fn grants_on(&self, places: &[EntityUid]) -> Vec<(Right, Grantee)> {
        let on = self.world.grants.iter().map(|grant| &grant.value).filter(|grant| places.contains(&grant.resource));
        let each = on.flat_map(|Grant { right, to, .. }| right.0.iter().map(|right| (*right, to.clone())));
        each.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn check_grants(&self, all: &[(EntityUid, Facts)]) -> Result<(), Wrong> {
        let is_known = |uid: &EntityUid| all.iter().any(|(known, _)| known == uid);
        for Spanned { value: Grant { resource, to, .. }, referenced, .. } in &self.world.grants {
            if !is_known(resource) {
                return Err((*referenced, format!("`{resource}` is no tool, folder or item of this world")));
            }
            if let Grantee::Group(group) = to
                && self.group_of(group).is_none()
            {
                return Err((*referenced, format!("`{}` is no group of this world", EntityUid::group(group))));
            }
        }
        Ok(())
    }

    /// What is free in a tool. Whose subscription pays for it makes no difference to a decision.
    fn quota(&self, kind: &ToolKind, payer: UserId) -> Option<QuotaFacts> {
        let (capacity, subscription) = (self.world.capacities.get(kind).copied(), SubscriptionId::new("any").ok()?);
        Some(QuotaFacts { used: 0, capacity, payer, subscription })
    }
}

/// What a host says of an entity, with all that this puts it in.
fn host_facts(record: &EntityRecord, records: &[Spanned<EntityRecord>]) -> HostFacts {
    let mut ancestors = BTreeSet::new();
    let mut above: Vec<&EntityUid> = record.parents.iter().collect();
    while let Some(uid) = above.pop() {
        if ancestors.insert(uid.clone()) {
            let further = records.iter().map(|record| &record.value).filter(|record| record.uid == *uid);
            above.extend(further.flat_map(|record| &record.parents));
        }
    }
    let (attributes, tags) = (record.attrs.clone(), record.tags.clone());
    HostFacts { attributes, tags, ancestors: ancestors.into_iter().collect() }
}
