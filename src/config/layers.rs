//! The layers a configuration is made of: flags, `CONCLAVE_*` variables, a file, defaults.

use figment::value::{Dict, Empty, Map, Value};
use figment::{Metadata, Profile, Provider};
use std::collections::BTreeMap;

/// The prefix of every variable this program reads.
pub const VARIABLE_PREFIX: &str = "CONCLAVE_";

/// What the command line said, by configuration key (`admin_listen`).
pub type Flags = BTreeMap<&'static str, String>;

/// One value from one place, so that each value knows exactly where it came from.
pub(super) struct Setting {
    /// `flag --listen`, `variable CONCLAVE_LISTEN`.
    pub(super) origin: String,
    /// The dotted key.
    pub(super) key: String,
    /// What it is set to.
    pub(super) value: Value,
}

impl Provider for Setting {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

/// The variable that sets `key`: `features.messaging` is `CONCLAVE_FEATURES_MESSAGING`.
pub(super) fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// The flag that sets `key`: `admin_listen` is `--admin-listen`, `decision_log.file` is `--decision-log`.
pub(super) fn flag(key: &str) -> String {
    format!("--{}", key.trim_end_matches(".file").replace('_', "-"))
}

/// Every leaf below `value`, by its dotted key.
pub(super) fn leaves(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    walk(String::new(), value, &mut found);
    found
}

// As deep as the configuration type, not as its input: it is called on what was read already.
fn walk(key: String, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Dict(_, fields) => {
            for (name, field) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                walk(key, field, found);
            }
        }
        leaf => {
            found.insert(key, leaf.clone());
        }
    }
}

/// Reads a text from the environment or the command line as the kind of value that `like` is.
pub(super) fn read(text: &str, like: &Value) -> Value {
    match like {
        // A path or a name, even if it looks like a number.
        Value::String(..) | Value::Empty(_, Empty::None | Empty::Unit) => Value::from(text),
        Value::Array(..) if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::from(parts.collect::<Vec<_>>())
        }
        _ => text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {}),
    }
}
