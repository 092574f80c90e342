//! The words of the product: ids, rights, requests, decisions, and the facts a decision rests on.
//!
//! Pure values and pure functions: no I/O, no clock, no randomness, no Cedar. Everything else in
//! the crate may use this module; it uses nothing of the crate.

pub mod content;
pub mod context;
pub mod decision;
pub mod facts;
pub mod group;
pub mod id;
pub mod json;
pub mod right;
pub mod rule;
pub mod subscription;
pub mod uid;

pub use content::{ContentRef, Space, ToolId, ToolKind};
pub use context::{Context, Value};
pub use decision::{Decision, DecisionRequest, Outcome, Revision};
pub use id::{FolderId, GroupId, IdError, InvitationId, ItemId, SubscriptionId, UserId};
pub use right::{Grantee, Right};
pub use rule::Rule;
pub use uid::{EntityUid, UidError};
