//! The `OpenID` `AuthZEN` Authorization API 1.0.

pub mod search;
