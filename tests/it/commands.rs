//! Random commands for the stateful test: what to try, and on whose behalf.

use crate::sidecar::segment;
use proptest::prelude::*;

/// Numbers are taken modulo what there is. Actor 0 is the host itself.
#[derive(Debug, Clone)]
pub struct Step {
    pub actor: usize,
    pub command: Command,
}

#[derive(Debug, Clone)]
pub enum Command {
    CreateGroup { administrator: usize, published: bool, open: bool },
    DeleteGroup { group: usize },
    Invite { group: usize, user: usize },
    Join { group: usize },
    Leave { group: usize, grants: Option<bool> },
    Remove { group: usize, user: usize },
    Appoint { group: usize, user: usize },
    Dismiss { group: usize, user: usize },
    HandOver { group: usize, user: usize },
    Add { item: bool, parent: usize, size: i64 },
    Delete { content: usize },
    Grant { resource: usize, right: usize, to_group: bool, to: usize },
    Revoke { grant: usize },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let n = 0_usize..97;
    let two = (n.clone(), n.clone());
    let command = prop_oneof![
        3 => (n.clone(), any::<bool>(), any::<bool>()).prop_map(|(administrator, published, open)| Command::CreateGroup { administrator, published, open }),
        1 => n.clone().prop_map(|group| Command::DeleteGroup { group }),
        8 => two.clone().prop_map(|(group, user)| Command::Invite { group, user }),
        2 => n.clone().prop_map(|group| Command::Join { group }),
        4 => (n.clone(), any::<Option<bool>>()).prop_map(|(group, grants)| Command::Leave { group, grants }),
        2 => two.clone().prop_map(|(group, user)| Command::Remove { group, user }),
        3 => two.clone().prop_map(|(group, user)| Command::Appoint { group, user }),
        1 => two.clone().prop_map(|(group, user)| Command::Dismiss { group, user }),
        2 => two.prop_map(|(group, user)| Command::HandOver { group, user }),
        8 => (any::<bool>(), n.clone(), 0_i64..60).prop_map(|(item, parent, size)| Command::Add { item, parent, size }),
        2 => n.clone().prop_map(|content| Command::Delete { content }),
        8 => (n.clone(), 0_usize..5, any::<bool>(), n.clone()).prop_map(|(resource, right, to_group, to)| Command::Grant { resource, right, to_group, to }),
        2 => n.clone().prop_map(|grant| Command::Revoke { grant }),
    ];
    // The host acts in a third of all steps: it gets furthest.
    let actor = prop_oneof![1 => Just(0_usize), 2 => n];
    proptest::collection::vec((actor, command).prop_map(|(actor, command)| Step { actor, command }), 30..80)
}

/// The id of an entity reference.
pub fn id_of(reference: &str) -> &str {
    reference.split_once("::\"").and_then(|(_, rest)| rest.strip_suffix('"')).expect("an entity reference")
}

/// Where the admin API has this folder or item.
pub fn path_of(reference: &str) -> String {
    let noun = if reference.starts_with("Item") { "items" } else { "folders" };
    format!("/{noun}/{}", segment(id_of(reference)))
}
