//! Where the database is, as the store opens it.

use super::Config;
use crate::domain::hosts;
use url::Url;

impl Config {
    /// The database as the store opens it: on a server with the password, or where that is. Never shown.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.with_password(&self.database)
    }

    /// The copy to read decisions from, in the same way.
    #[must_use]
    pub fn replica_url(&self) -> Option<String> {
        self.database_replica.as_ref().map(|replica| self.with_password(replica))
    }

    fn with_password(&self, database: &str) -> String {
        let first = hosts::each(database).into_iter().next();
        let Some(mut url) = first.filter(|url| is_on_server(url)).and_then(|url| Url::parse(&url).ok()) else {
            return database.to_owned();
        };
        if let Some(password) = &self.database_password {
            // What looks like an escape is part of it.
            let password = password.reveal().trim_end_matches(['\r', '\n']).replace('%', "%25");
            // Where there is no host there can be none, and the store says so.
            let _ = url.set_password(Some(&password));
        } else if let Some(file) = &self.database_password_file {
            url.query_pairs_mut().append_pair("passwordfile", &file.to_string_lossy());
        }
        hosts::replaced(url.as_str(), hosts::of(database))
    }
}

/// Whether a database is on a server, and not in a file.
pub(super) fn is_on_server(database: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme))
}
