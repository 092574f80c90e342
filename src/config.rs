//! The configuration: flags over `CONCLAVE_*` variables over a TOML file over defaults.
//!
//! Everything is read and checked before a port is bound. Secrets are never values of a file or a flag,
//! only paths of files that hold them; one may come from a variable, and is never shown.
//!
//! May use `domain`, and names what `engine` loads; no I/O but reading its own file.

mod address;
mod check;
mod credentials;
mod database;
mod describe;
mod layers;
pub mod limits;
mod ratio;
mod secret;

pub use address::{Address, AddressError};
pub use check::Unusable;
pub use credentials::{Jwt, JwtAlgorithm, Tls, TlsFiles, Uid};
use database::is_on_server;
pub use describe::without_password;
pub use layers::{Flags, VARIABLE_PREFIX};
pub use limits::Limits;
pub use ratio::Ratio;
pub use secret::{DATABASE_PASSWORD_VARIABLE, SMTP_URL_VARIABLE, Secret};

use crate::domain::ToolKind;
use crate::engine::Sources;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::Value;
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Everything a deployment decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database: `sqlite://PATH`, a path, or `postgres://USER@HOST:PORT/DATABASE` without a password.
    pub database: String,
    /// The file that holds the password of a database on a server; none, and no variable either: the server lets us in
    /// without one.
    pub database_password_file: Option<PathBuf>,
    /// A copy of a database on a server, to read decisions from: `postgres://USER@HOST:PORT/DATABASE`, with the same password.
    pub database_replica: Option<String>,
    /// The password itself, which only [`DATABASE_PASSWORD_VARIABLE`] sets.
    #[serde(skip)]
    pub database_password: Option<Secret>,
    /// A folder of `.cedar` files; none: the built-in policies.
    pub policies: Option<PathBuf>,
    /// A folder of `.cedarschema` and `.json` files, in place of the built-in schema; none: the built-in schema.
    pub schema: Option<PathBuf>,
    /// Where host applications ask for decisions.
    pub listen: Address,
    /// Where memberships, content and grants are managed.
    pub admin_listen: Address,
    /// What clients know the access listener by, in the metadata of `AuthZEN`: `https://pdp.example.org`;
    /// none: where it listens.
    pub public_url: Option<String>,
    /// The file that holds the admin token; none: one beside the database, made at first start.
    pub admin_token_file: Option<PathBuf>,
    /// The file of hashed tokens, each with its scopes; none: the admin token is the only one.
    pub tokens_file: Option<PathBuf>,
    /// The access listener asks for a token with the scope `decide`.
    pub access_tokens: bool,
    /// The access listener may ask nobody who they are although other machines can reach it.
    pub access_unauthenticated: bool,
    /// Users of this machine whose processes need no token on the access listener's Unix socket, and no others may
    /// ask there without one; none: whoever may open the socket.
    pub access_uids: Vec<Uid>,
    /// Users of this machine whose processes need no token on the admin listener's Unix socket; none: the user that
    /// the server runs as.
    pub admin_uids: Vec<Uid>,
    /// TLS of the access listener.
    pub tls: Tls,
    /// TLS of the admin listener.
    pub admin_tls: Tls,
    /// Signed tokens whose subject is the principal.
    pub jwt: Jwt,
    /// Load the worked example (rule E) into an empty database.
    pub demo: bool,
    /// What the product is called in texts that people read (T2).
    pub product_name: String,
    /// After how many days an invitation expires (A10).
    pub invitation_days: u32,
    /// The file that holds the URL of the mail server; none, and no variable either: the host sends the
    /// mail (A10).
    pub smtp_url_file: Option<PathBuf>,
    /// The URL itself, which only [`SMTP_URL_VARIABLE`] sets: it may hold a password.
    #[serde(skip)]
    pub smtp_url: Option<Secret>,
    /// Whom mail comes from: `noreply@example.org`, or with a name `Example <noreply@example.org>`.
    pub mail_from: Option<String>,
    /// How often a mail is tried before it is given up.
    pub mail_attempts_max: u32,
    /// Where the host lets people accept invitations, `{token}` standing for the token; none: mails say
    /// the token alone.
    pub accept_url: Option<String>,
    /// How many terms a search of the directory takes at least (F1).
    pub directory_terms_min: u32,
    /// Switches of the deployment, by which policies are left out.
    pub features: Features,
    /// Which tools spaces have (S1).
    pub tool_kinds: ToolKinds,
    /// What is logged, and how.
    pub log: Log,
    /// Where decisions are recorded, and which.
    pub decision_log: DecisionLog,
    /// Where spans of requests are sent, by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`; none: requests are not
    /// traced.
    pub otlp_endpoint: Option<String>,
    /// How many of the requests whose caller says nothing of a trace are traced, from 0 to 1.
    pub trace_ratio: Ratio,
    /// Every bound that can be changed.
    pub limits: Limits,
}

/// Switches of the deployment. A policy with `@feature("NAME")` holds only where it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// People who share a group may chat and see each other's presence (M2).
    pub messaging: bool,
}

impl Features {
    /// The names of those that are on, as policies name them.
    #[must_use]
    pub fn names(self) -> BTreeSet<String> {
        [("messaging", self.messaging)].into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Which tools a space has (S1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolKinds {
    /// In the space of a group.
    pub group: Vec<ToolKind>,
    /// In the private space of a user.
    pub private: Vec<ToolKind>,
}

impl Default for ToolKinds {
    fn default() -> Self {
        let kinds = |names: &[&'static str]| names.iter().copied().map(ToolKind::new).collect();
        Self {
            group: kinds(&["documents", "calendar", "contacts", "polls"]),
            private: kinds(&["documents", "calendar", "contacts", "polls", "mailbox", "drop", "profile"]),
        }
    }
}

/// Where decisions are recorded, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionLog {
    /// The file; none: decisions are not recorded.
    pub file: Option<PathBuf>,
    /// Of how many decisions one is recorded, by chance, in decisions; 1 is each.
    pub sample_decisions: u64,
    /// What is not told: `principal`, `resource`, `context`, or a field of the context as in `context.location.city`.
    pub mask: Vec<String>,
    /// How large a file may become, in bytes; then the next one begins.
    pub file_bytes_max: u64,
    /// How many files are kept, the newest among them.
    pub files_max: u32,
    /// How many records may wait to be written; more are dropped and counted.
    pub queue_records_max: usize,
}

impl Default for DecisionLog {
    fn default() -> Self {
        Self {
            file: None,
            sample_decisions: 1,
            mask: Vec::new(),
            file_bytes_max: 100 << 20,
            files_max: 10,
            queue_records_max: 16_384,
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Which events: `info`, or by module `info,conclave::http=debug`.
    pub filter: String,
    /// In which form.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people when standard error is a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite://conclave.db".to_owned(),
            database_password_file: None,
            database_replica: None,
            database_password: None,
            policies: None,
            schema: None,
            listen: Address::Tcp { host: "127.0.0.1".to_owned(), port: 7180 },
            admin_listen: Address::Tcp { host: "127.0.0.1".to_owned(), port: 7181 },
            public_url: None,
            admin_token_file: None,
            tokens_file: None,
            access_tokens: false,
            access_unauthenticated: false,
            access_uids: Vec::new(),
            admin_uids: Vec::new(),
            tls: Tls::default(),
            admin_tls: Tls::default(),
            jwt: Jwt::default(),
            demo: false,
            product_name: "Conclave".to_owned(),
            invitation_days: 30,
            smtp_url_file: None,
            smtp_url: None,
            mail_from: None,
            mail_attempts_max: 20,
            accept_url: None,
            directory_terms_min: 2,
            features: Features { messaging: true },
            tool_kinds: ToolKinds::default(),
            log: Log { filter: "info,sqlx=warn".to_owned(), format: LogFormat::Auto },
            decision_log: DecisionLog::default(),
            otlp_endpoint: None,
            trace_ratio: Ratio::new(0.01),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Where the admin token is, or will be made: named, or beside the database.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.admin_token_file.clone().unwrap_or_else(|| {
            let path = self.database.strip_prefix("sqlite://").unwrap_or(&self.database);
            // Beside nothing on this machine.
            let path = if is_on_server(path) { "conclave" } else { path };
            PathBuf::from(format!("{path}.admin-token"))
        })
    }

    /// Whether the access listener asks who is asking.
    #[must_use]
    pub fn is_access_guarded(&self) -> bool {
        let by_certificate = self.tls.client_ca_file.is_some();
        self.access_tokens || self.jwt.is_on() || !self.access_uids.is_empty() || by_certificate
    }

    /// Which policies and which schema to load.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources { policies: self.policies.clone(), schema: self.schema.clone(), features: self.features.names() }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    /// A file that cannot be read, an unknown key, a value of the wrong type.
    #[error("the configuration cannot be read: {0}")]
    #[diagnostic(help("`conclave serve --print-config` without the file shows every key there is"))]
    Unreadable(String),
    /// Values the server cannot work with, all of them at once.
    #[error("the configuration cannot be used")]
    Unusable(#[related] Vec<Unusable>),
}

/// A configuration, and where each of its values came from.
#[derive(Debug)]
pub struct Loaded {
    /// The values, checked.
    pub config: Config,
    /// Variables that look like ours and set nothing: a typing error, or somebody else's.
    pub unknown_variables: Vec<String>,
    figment: Figment,
}

impl Loaded {
    /// Puts the addresses of sockets that were handed over in the place of those that were set.
    ///
    /// # Errors
    /// [`ConfigError::Unusable`]: what would do for the addresses that were set may not do for these, such as asking
    /// nobody who they are where other machines can ask.
    pub fn hand_over(&mut self, [access, admin]: [Option<Address>; 2]) -> Result<(), ConfigError> {
        let Config { listen, admin_listen, .. } = &mut self.config;
        *listen = access.unwrap_or_else(|| listen.clone());
        *admin_listen = admin.unwrap_or_else(|| admin_listen.clone());
        let problems = check::check_handed(self);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Unusable(problems)) }
    }
}

/// Reads and checks the configuration: `flags` over `variables` over `file` over defaults.
///
/// `variables` are those of the process, others than `CONCLAVE_*` are passed over.
///
/// # Errors
/// [`ConfigError`] names each key that is unknown or cannot be used, and where it stands.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<Loaded, ConfigError> {
    let defaults = Config::default();
    let kinds = Value::serialize(&defaults).map_err(unreadable)?;
    let kinds = layers::leaves(&kinds);
    let mut figment = Figment::from(Serialized::defaults(defaults));
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    let mut unknown_variables = Vec::new();
    let (mut smtp_url, mut database_password) = (None, None);
    for (name, text) in variables {
        if name == SMTP_URL_VARIABLE {
            // Kept apart from the values that may be shown.
            smtp_url = Secret::new(text);
            continue;
        }
        if name == DATABASE_PASSWORD_VARIABLE {
            database_password = Secret::new(text);
            continue;
        }
        match kinds.iter().find(|(key, _)| layers::variable(key) == name) {
            Some((key, like)) => {
                let value = layers::read(&text, like);
                figment = figment.merge(layers::Setting { origin: name, key: key.clone(), value });
            }
            // `CONCLAVE_CONFIG` names the file and was used already.
            None if name.starts_with(VARIABLE_PREFIX) && name != "CONCLAVE_CONFIG" => unknown_variables.push(name),
            None => {}
        }
    }
    for (key, text) in flags {
        let value = kinds.get(*key).map_or_else(|| Value::from(text.as_str()), |like| layers::read(text, like));
        figment = figment.merge(layers::Setting { origin: layers::flag(key), key: (*key).to_owned(), value });
    }
    let config = Config { database_password, smtp_url, ..figment.extract().map_err(unreadable)? };
    let loaded = Loaded { config, unknown_variables, figment };
    let problems = check::check(&loaded);
    if problems.is_empty() { Ok(loaded) } else { Err(ConfigError::Unusable(problems)) }
}

/// Each thing that is wrong, by its key and where it stands.
fn unreadable(error: figment::Error) -> ConfigError {
    let lines = error.into_iter().map(|error| {
        let key = error.path.join(".");
        let origin =
            error.metadata.as_ref().map_or_else(|| "default".to_owned(), |origin| describe::place(origin, &key));
        match &error.kind {
            Kind::UnknownField(_, known) => {
                format!("there is no setting `{key}` ({origin}); those here are {}", known.join(", "))
            }
            kind if key.is_empty() => format!("{kind} ({origin})"),
            kind => format!("`{key}`: {kind} ({origin})"),
        }
    });
    ConfigError::Unreadable(lines.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests;
