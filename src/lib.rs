//! Conclave answers *may this principal do this action on this resource?* for applications in
//! which people work in groups.
pub mod admin;
pub mod domain;
pub mod engine;
pub mod store;
