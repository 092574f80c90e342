//! Everything a database holds as lines of JSON, out and in.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `export` | every line in order |
//! | `record` | what a line may be |
//! | `lines`, `reading`, `batch` | from lines to batches of rows; what is counted and hashed on the way |
//! | `import` | from batches to transactions |
//!
//! May use `domain`, `store` and `config`.

mod batch;
pub mod export;
pub mod import;
mod lines;
mod reading;
mod record;

pub use export::export;
pub use import::{ImportError, Imported, Plan, import};

/// The version of the format: the first line of an export says it.
pub const FORMAT_VERSION: u32 = 1;
