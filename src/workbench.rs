//! What authors of policies work with: tests of a set of policies, with what they covered, and tables of who may do
//! what. Everything here is decided by the server's own engine, over a world that a file describes.
//!
//! May use engine, slice and domain; never axum, sqlx or Cedar.

pub mod coverage;
pub mod limits;
pub mod matrix;
mod one_or_many;
mod read;
mod record;
pub mod run;
pub mod suite;
pub mod table;
mod world;

pub use coverage::Coverage;
pub use matrix::{Asked, built_in_tables, tables};
pub use run::{Failure, Ran, Run};
pub use suite::Suite;
pub use table::Table;
