//! Why the schema has no place for a request.

use crate::domain::uid::UidRef;
use cedar_policy_core::fuzzy_match::fuzzy_search_limited;
use smol_str::SmolStr;
use thiserror::Error;

/// The schema does not allow the request: 400, naming the field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAllowed {
    /// There is no such action, or it is a mere group of actions.
    #[error("`{action}` {detail}")]
    Action {
        /// The action asked for.
        action: String,
        /// What is wrong with it, and which one may have been meant.
        detail: String,
    },
    /// The principal's type is unknown, or cannot do this action.
    #[error("`{principal_type}` {detail}")]
    PrincipalType {
        /// The type asked for.
        principal_type: String,
        /// What is wrong with it, and which types are allowed.
        detail: String,
    },
    /// The resource's type is unknown, or this action cannot be done to it.
    #[error("`{resource_type}` {detail}")]
    ResourceType {
        /// The type asked for.
        resource_type: String,
        /// What is wrong with it, and which types are allowed.
        detail: String,
    },
}

impl NotAllowed {
    /// The field of the request it is about: `action`, `principal` or `resource`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Action { .. } => "action",
            Self::PrincipalType { .. } => "principal",
            Self::ResourceType { .. } => "resource",
        }
    }

    pub(super) fn unknown_action<'a>(action: &UidRef<'_>, known: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut known: Vec<_> = known.map(|(ty, id)| reference(ty, id)).collect();
        known.sort();
        let written = action.to_owned().to_string();
        // The whole reference was written as id: `Action::"Action::view"`.
        let inside = known.iter().find(|name| name.replace('"', "") == *action.id);
        let detail = match inside.cloned().or_else(|| closest(&written, &known)) {
            Some(close) => format!("is no action of the schema; did you mean `{close}`?"),
            None => "is no action of the schema".to_owned(),
        };
        Self::Action { action: written, detail }
    }

    pub(super) fn action_group(action: &UidRef<'_>) -> Self {
        let detail = "is a group of actions that applies to nothing itself; ask for one of its actions".to_owned();
        Self::Action { action: action.to_owned().to_string(), detail }
    }

    pub(super) fn principal<'a>(
        principal_type: &str,
        action: &UidRef<'_>,
        is_known: bool,
        allowed: impl Iterator<Item = &'a SmolStr>,
    ) -> Self {
        let detail = type_detail(is_known, &format!("cannot do `{}`", action.to_owned()), allowed);
        Self::PrincipalType { principal_type: principal_type.to_owned(), detail }
    }

    pub(super) fn resource<'a>(
        resource_type: &str,
        action: &UidRef<'_>,
        is_known: bool,
        allowed: impl Iterator<Item = &'a SmolStr>,
    ) -> Self {
        let detail = type_detail(is_known, &format!("is nothing to do `{}` to", action.to_owned()), allowed);
        Self::ResourceType { resource_type: resource_type.to_owned(), detail }
    }
}

fn reference(ty: &str, id: &str) -> String {
    format!("{ty}::\"{}\"", id.escape_debug())
}

/// The known name closest to what was written, unless it is not close at all.
fn closest(written: &str, known: &[String]) -> Option<String> {
    const DISTANCE_CHARS_MAX: usize = 3;
    // The distance takes the product of both lengths to compute; nobody misspells an action at this length.
    const WRITTEN_BYTES_MAX: usize = 100;
    if written.len() > WRITTEN_BYTES_MAX {
        return None;
    }
    fuzzy_search_limited(written, known, Some(DISTANCE_CHARS_MAX))
}

fn type_detail<'a>(is_known: bool, mismatch: &str, allowed: impl Iterator<Item = &'a SmolStr>) -> String {
    if !is_known {
        return "is no entity type of the schema".to_owned();
    }
    let mut allowed: Vec<_> = allowed.map(|name| format!("`{name}`")).collect();
    allowed.sort();
    format!("{mismatch}; allowed: {}", allowed.join(", "))
}
