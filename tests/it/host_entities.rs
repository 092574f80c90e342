//! Entities that the host application describes: of its own types, and more of those that Conclave keeps.

mod added;
mod lists;
mod moved;
mod refusals;
pub mod stage;
mod whole_store;
