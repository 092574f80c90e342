//! What host applications ask: one file per endpoint.

pub(in crate::http) mod answer;
pub(in crate::http) mod batch;
pub(in crate::http) mod direct;
pub mod explain;
pub(in crate::http) mod freshness;
pub(in crate::http) mod is_authorized;
mod plain;
mod question;

pub use batch::batch;
pub use explain::explain;
pub use freshness::MIN_REVISION;
pub use is_authorized::is_authorized;
