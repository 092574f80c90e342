//! Plans that users pay for and the limits they set (rules P1–P6).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::content::ToolKind;
use super::id::SubscriptionId;

/// Limits of a plan. A limit left out is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many groups the user may administer at a time (P3).
    #[serde(default)]
    pub max_groups: Option<u64>,
    /// How many members each of those groups may have, its administrator not counted (P4).
    #[serde(default)]
    pub max_members: Option<u64>,
    /// Capacity of each tool of each space, in the tool's own unit (bytes of documents, say; P5).
    #[serde(default)]
    pub capacities: BTreeMap<ToolKind, Option<u64>>,
}

impl Limits {
    /// What a tool of this kind may hold, in the tool's own unit; `None` is without limit.
    #[must_use]
    pub fn capacity(&self, kind: &ToolKind) -> Option<u64> {
        self.capacities.get(kind).copied().flatten()
    }
}

/// A plan and its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// The host's id.
    pub id: SubscriptionId,
    /// What it allows.
    #[serde(flatten)]
    pub limits: Limits,
}
