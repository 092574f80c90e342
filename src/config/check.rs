//! What a configuration must be beyond its types: checked before a port is bound.

mod authentication;

use super::{Address, Config, DATABASE_PASSWORD_VARIABLE, DecisionLog, Loaded, SMTP_URL_VARIABLE, ToolKind};
use crate::domain::hosts;
use crate::domain::mail::TOKEN_PLACE;
use miette::Diagnostic;
use std::collections::BTreeSet;
use thiserror::Error;
use url::Url;

/// Longest name of a tool kind, in characters.
const KIND_CHARACTERS_MAX: usize = 64;

/// Longest address of the page for accepting, in characters.
const ACCEPT_URL_CHARACTERS_MAX: usize = 1024;

/// Longest address that clients know the server by, in characters.
const PUBLIC_URL_CHARACTERS_MAX: usize = 1024;

/// Longest address of a collector, in characters.
const OTLP_ENDPOINT_CHARACTERS_MAX: usize = 1024;

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

/// Everything that is wrong with it now that sockets are handed over, which may be open to others than the addresses that
/// were set.
pub(super) fn check_handed(loaded: &Loaded) -> Vec<Unusable> {
    let origin = |key: &str| match key {
        "listen" | "admin_listen" => "handed over, LISTEN_FDS".to_owned(),
        key => loaded.origin(key),
    };
    let found = authentication::check(&loaded.config).into_iter();
    found.map(|problem| Unusable { origin: origin(&problem.key), ..problem }).collect()
}

fn values(config: &Config) -> Vec<Unusable> {
    let mut found = Vec::new();
    if config.database.is_empty() {
        found.push(Unusable::new("database", "must not be empty"));
    }
    database(&mut found, config);
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
    public_url(&mut found, config);
    mail(&mut found, config);
    found.extend(authentication::check(config));
    range(&mut found, "directory_terms_min", config.directory_terms_min.into(), 1, 4);
    for (name, value, least, most) in config.limits.ranges() {
        range(&mut found, &format!("limits.{name}"), value, least, most);
    }
    decision_log(&mut found, &config.decision_log);
    traces(&mut found, config);
    kinds(&mut found, "tool_kinds.group", &config.tool_kinds.group);
    kinds(&mut found, "tool_kinds.private", &config.tool_kinds.private);
    found
}

/// What is wrong with where a database on a server is.
fn server(found: &mut Vec<Unusable>, key: &str, database: &str) {
    let on_server = super::is_on_server(database);
    let urls: Option<Vec<_>> = hosts::each(database).iter().map(|url| Url::parse(url).ok()).collect();
    let url = urls.and_then(|urls| urls.into_iter().next()).filter(|_| on_server);
    let tells = |url: &Url| url.password().is_some() || url.query_pairs().any(|(key, _)| key.starts_with("password"));
    if url.as_ref().is_some_and(tells) {
        let detail = format!(
            "holds a password, which others on this machine can see: give it in {DATABASE_PASSWORD_VARIABLE}, or in a \
             file that `database_password_file` names"
        );
        found.push(Unusable::new(key, detail));
    } else if on_server && url.is_none() {
        found.push(Unusable::new(key, "is no URL: write `postgres://USER@HOST:PORT/DATABASE`"));
    }
}

fn database(found: &mut Vec<Unusable>, config: &Config) {
    server(found, "database", &config.database);
    if let Some(replica) = &config.database_replica {
        server(found, "database_replica", replica);
        if !super::is_on_server(&config.database) || !super::is_on_server(replica) {
            let detail = "goes with a database on a server, and is on another: `postgres://USER@HOST:PORT/DATABASE`";
            found.push(Unusable::new("database_replica", detail));
        }
    }
    if config.database_password.is_some() && config.database_password_file.is_some() {
        let detail = format!("goes without {DATABASE_PASSWORD_VARIABLE}: which one holds?");
        found.push(Unusable::new("database_password_file", detail));
    }
}

fn decision_log(found: &mut Vec<Unusable>, log: &DecisionLog) {
    if log.file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
        found.push(Unusable::new("decision_log.file", "must not be empty"));
    }
    range(found, "decision_log.sample_decisions", log.sample_decisions, 1, 1_000_000_000);
    range(found, "decision_log.file_bytes_max", log.file_bytes_max, 64 * 1024, 1 << 40);
    range(found, "decision_log.files_max", log.files_max.into(), 1, 1_000);
    let records = u64::try_from(log.queue_records_max).unwrap_or(u64::MAX);
    range(found, "decision_log.queue_records_max", records, 1, 1_000_000);
    for part in &log.mask {
        let is_field = part.strip_prefix("context.").is_some_and(|path| path.split('.').all(|name| !name.is_empty()));
        if !is_field && !["principal", "resource", "context"].contains(&part.as_str()) {
            let detail = format!(
                "names `{part}`: name `principal`, `resource`, `context`, or a field as in `context.location.city`"
            );
            found.push(Unusable::new("decision_log.mask", detail));
        }
    }
}

fn traces(found: &mut Vec<Unusable>, config: &Config) {
    if !config.trace_ratio.is_one() {
        found.push(Unusable::new("trace_ratio", "must be from 0 to 1"));
    }
    let Some(url) = &config.otlp_endpoint else { return };
    let rest = url.strip_prefix("http://");
    let is_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':']));
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#@\"<>".contains(c);
    // Whoever may see the settings would see a password in it.
    if !is_host || url.contains(odd) || url.chars().count() > OTLP_ENDPOINT_CHARACTERS_MAX {
        let detail = "must be an address in plain HTTP without name and password, such as \
                      `http://127.0.0.1:4318/v1/traces`: a collector beside this server knows the way to others";
        found.push(Unusable::new("otlp_endpoint", detail));
    }
}

fn public_url(found: &mut Vec<Unusable>, config: &Config) {
    let Some(url) = &config.public_url else { return };
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_host = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
    if !is_host || url.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\"<>".contains(c)) {
        let detail = "must be a web address without query and fragment, such as `https://pdp.example.org`";
        found.push(Unusable::new("public_url", detail));
    } else if url.chars().count() > PUBLIC_URL_CHARACTERS_MAX {
        found.push(Unusable::new("public_url", format!("must have at most {PUBLIC_URL_CHARACTERS_MAX} characters")));
    }
}

fn mail(found: &mut Vec<Unusable>, config: &Config) {
    if config.smtp_url.is_some() && config.smtp_url_file.is_some() {
        found.push(Unusable::new("smtp_url_file", format!("goes without {SMTP_URL_VARIABLE}: which one holds?")));
    }
    if (config.smtp_url.is_some() || config.smtp_url_file.is_some()) && config.mail_from.is_none() {
        found.push(Unusable::new(
            "mail_from",
            "must be set where mail is sent, as in CONCLAVE_MAIL_FROM='Acme <noreply@example.org>'",
        ));
    }
    range(found, "mail_attempts_max", config.mail_attempts_max.into(), 1, 100);
    let Some(url) = &config.accept_url else { return };
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if !is_web || url.matches(TOKEN_PLACE).count() != 1 || url.contains(odd) {
        let detail = format!(
            "must be a web address with `{TOKEN_PLACE}` in it once, such as `https://app.example/join/{TOKEN_PLACE}`"
        );
        found.push(Unusable::new("accept_url", detail));
    } else if url.chars().count() > ACCEPT_URL_CHARACTERS_MAX {
        found.push(Unusable::new("accept_url", format!("must have at most {ACCEPT_URL_CHARACTERS_MAX} characters")));
    }
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
