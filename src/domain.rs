//! The words of the product: ids, rights, requests, decisions, and the facts a decision rests on.
//!
//! Pure values and pure functions: no I/O, no clock, no randomness, no Cedar. Everything else in
//! the crate may use this module; it uses nothing of the crate.

pub mod contact;
pub mod content;
pub mod context;
pub mod decision;
pub mod directory;
pub mod entity;
pub mod facts;
pub mod filter;
pub mod group;
pub mod hosts;
pub mod id;
pub mod json;
pub mod kept;
pub mod lent;
pub mod mail;
pub mod membership;
pub mod name;
pub mod page;
pub mod reach;
pub mod right;
pub mod rule;
pub mod shape;
pub mod subscription;
pub mod text;
pub mod uid;
pub mod user;

pub use contact::Contact;
pub use content::{ContentRef, Space, ToolId, ToolKind};
pub use context::{Context, Value};
pub use decision::{Decision, DecisionRequest, Outcome, Revision};
pub use directory::Search;
pub use entity::EntityRecord;
pub use filter::Filter;
pub use group::{Group, GroupSettings};
pub use id::{FolderId, GroupId, IdError, InvitationId, ItemId, JoinRequestId, MailId, SubscriptionId, UserId};
pub use lent::{Lent, LentError};
pub use mail::{Letter, Mail, MailBody, MailKind, MailState};
pub use membership::{Invitation, InvitationState, Invitee, JoinRequest, Member};
pub use page::{Page, Paged};
pub use reach::{Reach, Step};
pub use right::{Grantee, Right};
pub use rule::Rule;
pub use subscription::{Limits, Subscription};
pub use uid::{EntityUid, UidError};
pub use user::{Profile, User};
