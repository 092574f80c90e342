//! The rules of groups, as plainly as they can be written: the model of the stateful test.
//!
//! No Cedar, no SQL, no caches. Sets and loops over everything, in the words of `docs/rules.md`.

use std::collections::{BTreeMap, BTreeSet};

pub const GROUPS_MAX: usize = 3;
pub const MEMBERS_MAX: usize = 3;
pub const CAPACITY: i64 = 100;

/// What the model expects of a command: done, or refused by a rule (or without one to name).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Done,
    Refused(Option<&'static str>),
}

pub const fn refused(rule: &'static str) -> Result<(), Expected> {
    Err(Expected::Refused(Some(rule)))
}

/// What does not exist, or may not be known to exist.
pub const UNSEEN: Result<(), Expected> = Err(Expected::Refused(None));

/// `None` is the host's own call.
pub type Actor<'a> = Option<&'a str>;

#[derive(Debug, Clone, Default)]
pub struct Group {
    pub administrator: String,
    /// Member, and whether co-administrator.
    pub members: BTreeMap<String, bool>,
    pub published: bool,
    pub open: bool,
}

impl Group {
    pub fn holds(&self, user: &str) -> bool {
        self.administrator == user || self.members.contains_key(user)
    }

    fn manages(&self, user: &str) -> bool {
        self.administrator == user || self.members.get(user).copied().unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
pub enum Space {
    Group(String),
    Private(String),
}

/// A tool, a folder or an item.
#[derive(Debug, Clone)]
pub struct Content {
    pub kind: &'static str,
    pub tool: String,
    pub space: Space,
    pub parent: Option<String>,
    pub author: String,
    pub size: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub resource: String,
    pub right: &'static str,
    /// A user, or everyone in a group.
    pub to: Grantee,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    User(String),
    Group(String),
}

#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub users: Vec<String>,
    pub groups: BTreeMap<String, Group>,
    /// By entity reference.
    pub content: BTreeMap<String, Content>,
    pub grants: BTreeSet<Grant>,
    /// F7: those that their owners kept when leaving.
    pub kept: BTreeSet<Grant>,
}

impl Rules {
    pub fn administered(&self, user: &str) -> usize {
        self.groups.values().filter(|group| group.administrator == user).count()
    }

    pub fn share_a_group(&self, one: &str, other: &str) -> bool {
        self.groups.values().any(|group| group.holds(one) && group.holds(other))
    }

    /// The content itself and everything it lies in.
    pub fn chain(&self, reference: &str) -> Vec<String> {
        let up = |at: &String| self.content[at].parent.clone();
        std::iter::successors(Some(reference.to_owned()), up).collect()
    }

    pub fn below(&self, reference: &str) -> Vec<String> {
        self.content.keys().filter(|at| self.chain(at).iter().any(|above| above == reference)).cloned().collect()
    }

    pub fn used(&self, tool: &str) -> i64 {
        self.content.values().filter(|content| content.tool == tool).map(|content| content.size).sum()
    }

    pub fn fits(&self, content: &Content, size: i64) -> bool {
        !content.tool.contains("/documents") || self.used(&content.tool) + size <= CAPACITY
    }

    /// D6: a grant on a tool or folder holds for all that lies below it.
    fn granted(&self, user: &str, right: &str, reference: &str) -> bool {
        let chain = self.chain(reference);
        let names = |to: &Grantee| match to {
            Grantee::User(named) => named == user,
            Grantee::Group(group) => self.groups[group].holds(user),
        };
        self.grants.iter().any(|grant| chain.contains(&grant.resource) && grant.right == right && names(&grant.to))
    }

    /// S2, S4, D1–D7, C2, C3: may this user do this with that content?
    pub fn may(&self, user: &str, action: &str, reference: &str) -> bool {
        let content = &self.content[reference];
        match &content.space {
            Space::Private(owner) if owner == user => true,
            Space::Private(owner) => match action {
                "view" => self.granted(user, "view", reference) || self.granted(user, "view_details", reference),
                // M3: people who share a group put things into the drop folder.
                "add"
                    if content.kind == "Tool" && content.tool.contains("/drop") && self.share_a_group(user, owner) =>
                {
                    true
                }
                "manage_access" => false,
                right => self.granted(user, right, reference),
            },
            Space::Group(group) => {
                let group = &self.groups[group];
                let is_item = content.kind == "Item";
                group.holds(user)
                    && match action {
                        "view" => true,
                        "add" | "delete" => group.manages(user) || self.granted(user, action, reference),
                        "edit" => is_item && (content.author == user || self.granted(user, action, reference)),
                        _ => {
                            if is_item {
                                content.author == user
                            } else {
                                group.manages(user)
                            }
                        }
                    }
            }
        }
    }

    /// What stands in the way of an actor; the host's own calls need no right.
    pub fn allow(&self, actor: Actor<'_>, action: &'static str, reference: &str) -> Result<(), Expected> {
        match actor {
            None => Ok(()),
            Some(user) if self.may(user, action, reference) => Ok(()),
            Some(_) => UNSEEN,
        }
    }

    /// A8, A9, A12, A14, C1: what is the administrator's alone.
    pub fn allow_administrator(&self, actor: Actor<'_>, group: &str, rule: &'static str) -> Result<(), Expected> {
        let group = &self.groups[group];
        match actor {
            None => Ok(()),
            Some(user) if group.administrator == user => Ok(()),
            Some(user) if group.holds(user) || group.published => refused(rule),
            Some(_) => UNSEEN,
        }
    }

    /// Makes somebody a member. What this makes owner and grantee share a group frees what was kept (F7).
    pub fn admit(&mut self, group: &str, user: &str) {
        self.groups.get_mut(group).unwrap().members.insert(user.to_owned(), false);
        let apart = |grant: &Grant| match (&self.content.get(&grant.resource).map(|content| &content.space), &grant.to)
        {
            (Some(Space::Private(owner)), Grantee::User(to)) => !self.share_a_group(owner, to),
            (Some(Space::Private(owner)), Grantee::Group(to)) => {
                self.groups.get(to).is_some_and(|group| !group.holds(owner))
            }
            _ => false,
        };
        self.kept = self.kept.iter().filter(|grant| apart(grant)).cloned().collect();
    }

    /// A12: what ends with a membership.
    pub fn end_membership(&mut self, group: &str, user: &str) {
        let inside: BTreeSet<_> = self
            .content
            .iter()
            .filter(|(_, content)| matches!(&content.space, Space::Group(of) if of == group))
            .map(|(at, _)| at.clone())
            .collect();
        let named = Grantee::User(user.to_owned());
        self.grants.retain(|grant| !(inside.contains(&grant.resource) && grant.to == named));
        self.groups.get_mut(group).unwrap().members.remove(user);
    }

    /// F7: grants in a person's private space that were made through a group.
    pub fn made_through(&self, group: &str, user: &str) -> Vec<Grant> {
        let last_shared = |other: &str| {
            let shared: Vec<_> =
                self.groups.iter().filter(|(_, g)| g.holds(user) && g.holds(other)).map(|(id, _)| id).collect();
            shared == [group]
        };
        let private = |at: &str| matches!(&self.content[at].space, Space::Private(owner) if owner == user);
        let through = |grant: &&Grant| {
            private(&grant.resource)
                && match &grant.to {
                    Grantee::Group(to) => to == group,
                    Grantee::User(to) => last_shared(to),
                }
        };
        self.grants.iter().filter(through).cloned().collect()
    }

    /// D2, D7, S5: what can be granted where, and to whom.
    pub fn grantable(&self, actor: Actor<'_>, grant: &Grant) -> Result<(), Expected> {
        let content = &self.content[&grant.resource];
        match &content.space {
            Space::Group(group) => {
                let rights: &[&str] = if content.kind == "Item" { &["edit"] } else { &["add", "delete"] };
                if !rights.contains(&grant.right) {
                    return refused("D7");
                }
                match &grant.to {
                    Grantee::User(to) if actor == Some(to.as_str()) => refused("D7"),
                    Grantee::User(to) if self.groups[group].holds(to) => Ok(()),
                    Grantee::Group(to) if to == group => Ok(()),
                    _ => refused("D2"),
                }
            }
            Space::Private(owner) => match &grant.to {
                Grantee::User(to) if to != owner && self.share_a_group(owner, to) => Ok(()),
                Grantee::Group(to) if self.groups[to].holds(owner) => Ok(()),
                _ => refused("S5"),
            },
        }
    }
}
