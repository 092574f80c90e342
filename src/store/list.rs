//! What the admin API reads: single rows and pages of them, each call one read snapshot.

pub mod candidates;
pub mod content;
pub mod contexts;
pub mod directory;
pub mod entities;
pub mod grants;
pub mod groups;
pub mod history;
pub mod invitations;
pub mod join_requests;
pub mod leaving;
pub mod members;
pub mod outbox;
pub mod subscriptions;
pub mod usage;
pub mod users;
