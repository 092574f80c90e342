//! What `serve --print-config` shows: every value and where it came from, and no secret.

use super::layers::{flag, leaves, variable};
use super::{DATABASE_PASSWORD_VARIABLE, Loaded, SMTP_URL_VARIABLE, VARIABLE_PREFIX};
use figment::value::Value;
use figment::{Metadata, Source};
use std::fmt::Write as _;

impl Loaded {
    /// One line for each key, `key = value  # where from`: a configuration file that would give the
    /// same configuration.
    #[must_use]
    pub fn describe(&self) -> String {
        let Ok(all) = Value::serialize(&self.config) else { return String::new() };
        let mut text = String::new();
        for (key, value) in leaves(&all) {
            let origin = self.origin(&key);
            // Writing to a String cannot fail.
            let _ = match shown(&key, &value) {
                Some(shown) => writeln!(text, "{key} = {shown}  # {origin}"),
                None => writeln!(text, "# {key} is not set  # {origin}"),
            };
        }
        let _ = match &self.config.smtp_url {
            Some(secret) => writeln!(text, "# smtp_url = {secret:?}  # variable {SMTP_URL_VARIABLE}"),
            None => writeln!(text, "# smtp_url is not set  # default"),
        };
        let _ = match &self.config.database_password {
            Some(secret) => writeln!(text, "# database_password = {secret:?}  # variable {DATABASE_PASSWORD_VARIABLE}"),
            None => writeln!(text, "# database_password is not set  # default"),
        };
        text
    }

    /// Where the value of `key` came from: `default`, `file PATH`, `variable NAME` or `flag --NAME`.
    #[must_use]
    pub fn origin(&self, key: &str) -> String {
        self.figment.find_metadata(key).map_or_else(|| "default".to_owned(), |origin| place(origin, key))
    }
}

/// The place that `origin` is, of a value of `key`.
pub(super) fn place(origin: &Metadata, key: &str) -> String {
    match &origin.source {
        Some(Source::File(path)) => format!("file {}", path.display()),
        _ if origin.name.starts_with(VARIABLE_PREFIX) => format!("variable {}", variable(key)),
        _ if origin.name.starts_with("--") => format!("flag {}", flag(key)),
        _ => "default".to_owned(),
    }
}

fn shown(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) if key.starts_with("database") => Some(quoted(&without_password(text))),
        Value::String(_, text) => Some(quoted(text)),
        Value::Array(_, values) => {
            let values: Vec<_> = values.iter().filter_map(|value| shown(key, value)).collect();
            Some(format!("[{}]", values.join(", ")))
        }
        Value::Bool(_, value) => Some(value.to_string()),
        Value::Num(_, number) => match (number.to_u128(), number.to_f64()) {
            (Some(whole), _) => Some(whole.to_string()),
            (None, part) => part.map(|part| format!("{part:?}")),
        },
        // A setting that is not set; no other kind of value occurs.
        _ => None,
    }
}

// JSON's escapes are also TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A database URL without the password it may carry: `scheme://user:PASSWORD@host/name`.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:[hidden]@{host}{path}"),
        None => url.to_owned(),
    }
}
