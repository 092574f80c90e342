//! What is asked for: of which kind, and with which neighbours.

use crate::domain::facts::{Facts, Keeper, Neighbours, Wanted};
use crate::domain::uid::{UidHasher, types};
use crate::domain::{EntityUid, FolderId, GroupId, ItemId, Space, ToolId, UserId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The kinds of entities that the store holds facts about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    Quota,
    Tool,
    Folder,
    Item,
    /// Of the host's, beside those that Conclave keeps.
    Host,
    /// Of the host's, which keeps all entities.
    HostAlone,
}

/// Every neighbour there is, each by itself.
const EACH: [Neighbours; 6] = [
    Neighbours::GROUP,
    Neighbours::TOOL,
    Neighbours::OWNER,
    Neighbours::AUTHOR,
    Neighbours::QUOTA,
    Neighbours::ADMINISTRATOR,
];

impl Kind {
    /// Of which kind the entity is, if the store could hold facts about it. Ids that no entity can have
    /// never reach SQL, which would take some of them, such as those with a NUL in them, for others.
    fn of(uid: &EntityUid, keeper: Keeper) -> Option<Self> {
        let id = || uid.id.clone();
        // The ids of hosts' entities are bound as those of items are.
        let host = |kind| ItemId::new(id()).is_ok().then_some(kind);
        if keeper == Keeper::Host {
            return host(Self::HostAlone);
        }
        match uid.type_name.as_str() {
            types::USER => UserId::new(id()).is_ok().then_some(Self::User),
            types::GROUP => GroupId::new(id()).is_ok().then_some(Self::Group),
            types::QUOTA => ToolId::parse(&uid.id).is_ok().then_some(Self::Quota),
            types::TOOL => ToolId::parse(&uid.id).is_ok().then_some(Self::Tool),
            types::FOLDER => FolderId::new(id()).is_ok().then_some(Self::Folder),
            types::ITEM => ItemId::new(id()).is_ok().then_some(Self::Item),
            types::ROLE => None,
            _ => host(Self::Host),
        }
    }

    /// All of them.
    const ALL: [Self; 8] =
        [Self::User, Self::Group, Self::Quota, Self::Tool, Self::Folder, Self::Item, Self::Host, Self::HostAlone];

    /// What statements call it: its type, if it is of a single one.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => types::USER,
            Self::Group => types::GROUP,
            Self::Quota => types::QUOTA,
            Self::Tool => types::TOOL,
            Self::Folder => types::FOLDER,
            Self::Item => types::ITEM,
            Self::Host => "host",
            Self::HostAlone => "host alone",
        }
    }

    /// The kind that statements call so; of a neighbour the type says it.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether its type is the host's, and so no part of the text of a statement.
    pub(super) const fn is_hosts(self) -> bool {
        matches!(self, Self::Host | Self::HostAlone)
    }

    /// What entities of this kind can name.
    const fn neighbours(self) -> Neighbours {
        let space = Neighbours::GROUP.with(Neighbours::OWNER).with(Neighbours::QUOTA);
        match self {
            Self::User | Self::Quota | Self::Host | Self::HostAlone => Neighbours::NONE,
            Self::Group => Neighbours::ADMINISTRATOR,
            Self::Tool => space,
            Self::Folder | Self::Item => space.with(Neighbours::TOOL).with(Neighbours::AUTHOR),
        }
    }
}

/// One entity that is asked for.
pub(super) struct Asked<'a> {
    pub(super) kind: Kind,
    pub(super) uid: &'a EntityUid,
    with: Neighbours,
}

impl Asked<'_> {
    /// The neighbours it is asked for with, as far as there can be any, one by one.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = Neighbours> {
        let with = self.with.among(self.kind.neighbours());
        EACH.into_iter().filter(move |one| with.has(*one))
    }

    /// A number for the kind and those neighbours.
    pub(super) const fn shape(&self) -> u16 {
        (self.kind as u16) << 8 | self.with.among(self.kind.neighbours()).bits() as u16
    }

    /// What it is asked for with, as a number.
    pub(super) const fn bits(&self) -> u8 {
        self.with.bits()
    }
}

/// What is wanted, each entity once.
pub(super) struct Request<'a> {
    /// All of them, in the order they were first asked for.
    pub(super) all: Vec<&'a EntityUid>,
    /// Those that can be stored at all.
    pub(super) stored: Vec<Asked<'a>>,
}

impl<'a> Request<'a> {
    pub(super) fn of(wanted: &'a [Wanted]) -> Self {
        let mut with: HashMap<&EntityUid, (Neighbours, Keeper), UidHasher> =
            HashMap::with_capacity_and_hasher(wanted.len(), UidHasher::default());
        let mut all = Vec::with_capacity(wanted.len());
        for Wanted { uid, neighbours, keeper } in wanted {
            match with.entry(uid) {
                Entry::Occupied(mut known) => known.get_mut().0 = known.get().0.with(*neighbours),
                Entry::Vacant(new) => {
                    new.insert((*neighbours, *keeper));
                    all.push(uid);
                }
            }
        }
        let asked = |uid: &&'a EntityUid| {
            let (with, keeper) = with.get(*uid).copied().unwrap_or_default();
            Kind::of(uid, keeper).map(|kind| Asked { kind, uid, with })
        };
        Self { stored: all.iter().filter_map(asked).collect(), all }
    }
}

/// The entity that these facts name there, if they name any.
pub(super) fn named(facts: &Facts, neighbour: Neighbours) -> Option<EntityUid> {
    let content = match facts {
        Facts::Content(content) => content,
        Facts::Group(group) => {
            return (neighbour == Neighbours::ADMINISTRATOR).then(|| EntityUid::user(&group.administrator));
        }
        Facts::User(_) | Facts::Quota(_) | Facts::Host(_) => return None,
    };
    match (neighbour, content.space()) {
        (Neighbours::GROUP, Space::Group(group)) => Some(EntityUid::group(group)),
        (Neighbours::OWNER, Space::Private(owner)) => Some(EntityUid::user(owner)),
        (Neighbours::AUTHOR, _) => content.author.as_ref().map(EntityUid::user),
        (Neighbours::TOOL, _) => Some(EntityUid::new(types::TOOL, content.tool.text())),
        (Neighbours::QUOTA, _) => Some(EntityUid::new(types::QUOTA, content.tool.text())),
        _ => None,
    }
}
