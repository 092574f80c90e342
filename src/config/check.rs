//! What a configuration must be beyond its types: checked before a port is bound.

use super::{Address, Config, Loaded, ToolKind};
use miette::Diagnostic;
use std::collections::BTreeSet;
use thiserror::Error;

/// Longest name of a tool kind, in characters.
const KIND_CHARACTERS_MAX: usize = 64;

/// A value the server cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
#[error("`{key}` {detail} ({origin})")]
pub struct Unusable {
    /// The dotted key: `limits.connections_max`.
    pub key: String,
    /// What is wrong with its value.
    pub detail: String,
    /// Where it was set: `variable CONCLAVE_INVITATION_DAYS`.
    pub origin: String,
}

impl Unusable {
    fn new(key: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { key: key.into(), detail: detail.into(), origin: String::new() }
    }
}

/// Everything that is wrong with the configuration, at once.
pub(super) fn check(loaded: &Loaded) -> Vec<Unusable> {
    let found = values(&loaded.config).into_iter();
    found.map(|problem| Unusable { origin: loaded.origin(&problem.key), ..problem }).collect()
}

fn values(config: &Config) -> Vec<Unusable> {
    let mut found = Vec::new();
    if config.database.is_empty() {
        found.push(Unusable::new("database", "must not be empty"));
    }
    if config.listen == config.admin_listen && !matches!(config.listen, Address::Tcp { port: 0, .. }) {
        found.push(Unusable::new("admin_listen", "must be another address than `listen`"));
    }
    if config.product_name.trim().is_empty() {
        found.push(Unusable::new("product_name", "must not be empty"));
    }
    if let Err(error) = crate::telemetry::filter(&config.log.filter) {
        found.push(Unusable::new("log.filter", format!("is no filter: {error}")));
    }
    range(&mut found, "invitation_days", config.invitation_days.into(), 1, 3_650);
    range(&mut found, "directory_terms_min", config.directory_terms_min.into(), 1, 4);
    for (name, value, least, most) in config.limits.ranges() {
        range(&mut found, &format!("limits.{name}"), value, least, most);
    }
    kinds(&mut found, "tool_kinds.group", &config.tool_kinds.group);
    kinds(&mut found, "tool_kinds.private", &config.tool_kinds.private);
    found
}

fn range(found: &mut Vec<Unusable>, key: &str, value: u64, least: u64, most: u64) {
    if value < least || value > most {
        found.push(Unusable::new(key, format!("must be from {least} to {most}, not {value}")));
    }
}

fn kinds(found: &mut Vec<Unusable>, key: &str, kinds: &[ToolKind]) {
    if kinds.is_empty() {
        found.push(Unusable::new(key, "must name at least one kind of tool"));
    }
    let mut seen = BTreeSet::new();
    for kind in kinds {
        let name = kind.as_str();
        let is_name = !name.is_empty()
            && name.chars().count() <= KIND_CHARACTERS_MAX
            && !name.contains(|c: char| c == '/' || c.is_control());
        if !is_name {
            let detail = format!("holds `{name}`: a kind has 1 to {KIND_CHARACTERS_MAX} characters, none of them `/`");
            found.push(Unusable::new(key, detail));
        } else if !seen.insert(kind) {
            found.push(Unusable::new(key, format!("names `{name}` twice")));
        }
    }
}
