//! Why a command is refused. `http::error` says which status each of these is.

use super::grant::GrantView;
use super::schema::Amount;
use crate::domain::{Paged, Rule};
use crate::store::StoreError;
use serde::Serialize;
use smol_str::SmolStr;
use thiserror::Error;
use utoipa::ToSchema;

/// A limit that a handover would break (A5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shortfall {
    /// `groups`, `members`, or a tool kind.
    #[schema(value_type = String)]
    pub limit: SmolStr,
    /// What the new administrator's subscription allows, in the limit's own unit.
    #[schema(value_type = Amount)]
    pub allowed: u64,
    /// What there would be.
    #[schema(value_type = Amount)]
    pub actual: u64,
}

/// What is wrong with an entity that a host describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The schema does not have it: 400.
    Schema,
    /// Conclave itself keeps it: 409.
    Kept,
    /// It does not go with what is stored: 409.
    Clash,
    /// It is out of range: 422.
    Bounds,
}

/// Why a command changed nothing.
#[derive(Debug, Error)]
pub enum Refusal {
    /// A field is malformed: 400.
    #[error("`{field}` {detail}")]
    Malformed {
        /// The field, as the request names it.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no such thing, or the actor may not know that there is: 404.
    #[error("{what} does not exist")]
    NotFound {
        /// What was asked for, such as "group `sales`".
        what: String,
    },
    /// The actor may not do this: 403.
    #[error("{detail}")]
    Forbidden {
        /// The rule that reserves the action; `None` for calls that are the host's alone.
        rule: Option<Rule>,
        /// Who may, in one sentence.
        detail: String,
    },
    /// It would break an invariant: 409.
    #[error("{detail}")]
    Conflict {
        /// The rule that would be broken, where one is.
        rule: Option<Rule>,
        /// What stands in the way.
        detail: String,
    },
    /// A handover would break limits of the new administrator's subscription: 409, rule A5. Goes
    /// through with an explicit acceptance.
    #[error("the new administrator's subscription does not cover the group")]
    OverLimit {
        /// Every limit that would be broken, not only the first.
        shortfalls: Vec<Shortfall>,
    },
    /// Leaving a group while grants made through it exist: 409, rule F7. Goes through once the
    /// caller says what becomes of them.
    #[error("grants on the private space were made through this group: leave with `grants` `revoke` or `keep`")]
    MadeThrough {
        /// The grants: the first page of what the preview lists.
        grants: Paged<GrantView>,
    },
    /// A value out of range, or a combination the rules forbid: 422.
    #[error("`{field}` {detail}")]
    OutOfRange {
        /// The field, as the request names it.
        field: &'static str,
        /// The limit, or what the field clashes with.
        detail: String,
        /// The rule that forbids the combination, where one does.
        rule: Option<Rule>,
    },
    /// What a host says of an entity cannot be taken in: 400, 409 or 422.
    #[error("`{field}` {detail}")]
    Entity {
        /// The field, as the request names it: `entities[3].attrs.colour`.
        field: String,
        /// What is wrong with it.
        detail: String,
        /// In which way.
        wrong: Wrong,
    },
    /// The store cannot be read or written now: 503.
    #[error("the store is unavailable")]
    Unavailable(#[from] StoreError),
    /// Whether the actor may could not be decided: 503.
    #[error("no decision could be made")]
    Undecided(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No randomness for an id or a secret: 503.
    #[error(transparent)]
    Random(#[from] super::ambient::RandomError),
}
