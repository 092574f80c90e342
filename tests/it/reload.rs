//! Policies and schema are changed under a running server.

mod broken;
mod follows;
pub mod stage;
