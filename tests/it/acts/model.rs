//! What the model of the rules makes of each command.

use super::What;
use crate::rules::{self, Actor, Content, Expected, Grant, Grantee, Group, Rules, Space, UNSEEN, refused};
use crate::world::GROUP_TOOLS;

impl What {
    /// What comes of it, and of the model.
    pub(super) fn done(&self, rules: &mut Rules, actor: Actor<'_>) -> Result<(), Expected> {
        match self {
            Self::CreateGroup { id, administrator, published, open } => {
                create_group(rules, id, administrator, (*published, *open))
            }
            Self::DeleteGroup { group } => delete_group(rules, actor, group),
            Self::Invite { group, user } => invite(rules, actor, group, user),
            Self::Join { group } => join(rules, actor.unwrap_or_default(), group),
            Self::Leave { group, keep } => leave(rules, actor.unwrap_or_default(), group, *keep),
            Self::Remove { group, user } => remove(rules, actor, group, user),
            Self::CoAdministrator { group, user, on } => co_administrator(rules, actor, group, (user.as_str(), *on)),
            Self::HandOver { group, user } => hand_over(rules, actor, group, user),
            Self::Add { kind, id, parent, size, author } => {
                add(rules, actor, (*kind, id.as_str(), parent.as_str()), *size, author)
            }
            Self::Delete { content } => delete(rules, actor, content),
            Self::Grant(grant) => give(rules, actor, grant),
            Self::Revoke(grant) => take_back(rules, actor, grant),
        }
    }
}

/// The tools of a space are there with it (S1).
pub fn add_tools(rules: &mut Rules, prefix: &str, id: &str, kinds: &[&str], space: &Space) {
    for kind in kinds {
        let tool = format!("Tool::\"{prefix}:{id}/{kind}\"");
        let content = Content {
            kind: "Tool",
            tool: tool.clone(),
            space: space.clone(),
            parent: None,
            author: String::new(),
            size: 0,
        };
        rules.content.insert(tool, content);
    }
}

fn create_group(
    rules: &mut Rules,
    id: &str,
    administrator: &str,
    (published, open): (bool, bool),
) -> Result<(), Expected> {
    if open && !published {
        return refused("A7");
    }
    if rules.administered(administrator) >= rules::GROUPS_MAX {
        return refused("P3");
    }
    add_tools(rules, "group", id, &GROUP_TOOLS, &Space::Group(id.to_owned()));
    let group = Group { administrator: administrator.to_owned(), published, open, ..Group::default() };
    rules.groups.insert(id.to_owned(), group);
    Ok(())
}

/// Others may have deleted it meanwhile.
fn is_there(rules: &Rules, group: &str) -> Result<(), Expected> {
    if rules.groups.contains_key(group) { Ok(()) } else { UNSEEN }
}

fn delete_group(rules: &mut Rules, actor: Actor<'_>, id: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A14")?;
    if !rules.groups[id].members.is_empty() {
        return refused("A14");
    }
    rules.groups.remove(id);
    let of = |space: &Space| matches!(space, Space::Group(group) if group == id);
    rules.content.retain(|_, content| !of(&content.space));
    let (content, to) = (&rules.content, Grantee::Group(id.to_owned()));
    rules.grants.retain(|grant| content.contains_key(&grant.resource) && grant.to != to);
    Ok(())
}

fn invite(rules: &Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A9")?;
    let group = &rules.groups[id];
    match () {
        () if group.holds(user) => Err(Expected::Refused(None)),
        () if group.members.len() >= rules::MEMBERS_MAX => refused("P4"),
        () => Ok(()),
    }
}

fn join(rules: &mut Rules, user: &str, id: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    let group = &rules.groups[id];
    match () {
        () if group.holds(user) => return refused("F4"),
        () if !group.published => return UNSEEN,
        () if !group.open => return refused("F4"),
        () if group.members.len() >= rules::MEMBERS_MAX => return refused("P4"),
        () => {}
    }
    rules.admit(id, user);
    Ok(())
}

fn leave(rules: &mut Rules, user: &str, id: &str, keep: Option<bool>) -> Result<(), Expected> {
    is_there(rules, id)?;
    let group = &rules.groups[id];
    let through = rules.made_through(id, user);
    match () {
        () if group.administrator == user => return refused("A3"),
        () if !group.holds(user) => return UNSEEN,
        () if keep.is_none() && !through.is_empty() => return refused("F7"),
        () => {}
    }
    rules.end_membership(id, user);
    if keep == Some(true) {
        rules.kept.extend(through);
    } else {
        rules.grants.retain(|grant| !through.contains(grant));
    }
    Ok(())
}

fn remove(rules: &mut Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A12")?;
    match () {
        () if rules.groups[id].administrator == user => return refused("A3"),
        () if !rules.groups[id].holds(user) => return UNSEEN,
        () => {}
    }
    rules.end_membership(id, user);
    Ok(())
}

fn co_administrator(rules: &mut Rules, actor: Actor<'_>, id: &str, (user, on): (&str, bool)) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "C1")?;
    match rules.groups[id].members.get(user) {
        None if on => return refused("C1"),
        Some(true) => {}
        Some(false) if on => {}
        _ => return UNSEEN,
    }
    if let Some(group) = rules.groups.get_mut(id) {
        group.members.insert(user.to_owned(), on);
    }
    Ok(())
}

fn hand_over(rules: &mut Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A4")?;
    match () {
        () if !rules.groups[id].members.contains_key(user) => return refused("A4"),
        () if rules.administered(user) >= rules::GROUPS_MAX => return refused("A5"),
        () => {}
    }
    let group = rules.groups.get_mut(id).unwrap();
    group.members.remove(user);
    let former = std::mem::replace(&mut group.administrator, user.to_owned());
    group.members.insert(former, false);
    Ok(())
}

fn add(
    rules: &mut Rules,
    actor: Actor<'_>,
    (kind, id, parent): (&'static str, &str, &str),
    size: i64,
    author: &str,
) -> Result<(), Expected> {
    let Some(above) = rules.content.get(parent).cloned() else { return UNSEEN };
    rules.allow(actor, "add", parent)?;
    if !rules.fits(&above, size) {
        return refused("P6");
    }
    let content = Content { kind, parent: Some(parent.to_owned()), author: author.to_owned(), size, ..above };
    rules.content.insert(format!("{kind}::\"{id}\""), content);
    Ok(())
}

fn delete(rules: &mut Rules, actor: Actor<'_>, content: &str) -> Result<(), Expected> {
    if !rules.content.contains_key(content) {
        return UNSEEN;
    }
    rules.allow(actor, "delete", content)?;
    for gone in rules.below(content) {
        rules.content.remove(&gone);
        rules.grants.retain(|grant| grant.resource != gone);
    }
    Ok(())
}

fn give(rules: &mut Rules, actor: Actor<'_>, grant: &Grant) -> Result<(), Expected> {
    let is_gone = matches!(&grant.to, Grantee::Group(group) if !rules.groups.contains_key(group));
    if is_gone || !rules.content.contains_key(&grant.resource) {
        return UNSEEN;
    }
    rules.allow(actor, "manage_access", &grant.resource)?;
    rules.grantable(actor, grant)?;
    rules.grants.insert(grant.clone());
    Ok(())
}

fn take_back(rules: &mut Rules, actor: Actor<'_>, grant: &Grant) -> Result<(), Expected> {
    if !rules.grants.contains(grant) {
        return UNSEEN;
    }
    rules.allow(actor, "manage_access", &grant.resource)?;
    if rules.kept.contains(grant) {
        return refused("F7");
    }
    rules.grants.remove(grant);
    Ok(())
}
