//! A `PostgreSQL` server: how a connection to it is opened, and what is asked of it before it is trusted.

mod hosts;

use super::connection::Role;
use super::error::OpenError;
use super::limits;
use super::sql::{Connection, Dialect, OfConstants, query, query_as};
use crate::domain;
use hosts::Hosts;
use sqlx::ConnectOptions as _;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use url::Url;

/// A database of a server, or of a primary and its standbys.
#[derive(Clone)]
pub(super) struct Server {
    hosts: Hosts,
    /// As people are told of it: without a password.
    name: PathBuf,
}

/// The oldest version that has all that the statements use, as `server_version_num` counts.
const VERSION_MIN: i64 = 140_000;

/// What is asked for on every connection. What waits for a plan compiled to machine code waits longer than without.
const SETTINGS: &str = "SET jit = off; SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";

/// Reads back what something rests on.
const FOUND: &str = "
    SELECT CAST(current_setting('server_version_num') AS BIGINT),
           current_setting('server_encoding') = 'UTF8' AND 'B' < 'a' AND 'a-b' < 'aab' AND 'z' < 'ä',
           current_setting('synchronous_commit'),
           NOT pg_is_in_recovery(), current_setting('transaction_read_only') = 'off'";

impl Server {
    /// Reads `postgres://USER@HOST:PORT/DATABASE`, with one host or several.
    ///
    /// The message of an error repeats nothing of the URL: it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let mut all = Vec::new();
        for one in domain::hosts::each(url) {
            let parsed = Url::parse(&one).map_err(|_| refused("is no URL"))?;
            for one in apart(parsed)? {
                all.push(options(one)?);
            }
        }
        if all.len() > limits::SERVER_HOSTS_MAX {
            return Err(refused("names more servers than a primary has standbys"));
        }
        let name = name(&all);
        Ok(Self { hosts: Hosts::new(all), name: name.into() })
    }

    /// As people are told of it.
    pub(super) fn name(&self) -> PathBuf {
        self.name.clone()
    }

    /// Whether it is one server, and not several of which one takes writes.
    pub(super) fn is_one(&self) -> bool {
        self.hosts.is_one()
    }

    /// How to connect to the one that is in use.
    pub(super) fn current(&self) -> Option<&PgConnectOptions> {
        self.hosts.current()
    }

    /// Opens a connection, its settings asked for but not yet checked.
    pub(super) async fn connect(&self, role: Role) -> Result<Connection, sqlx::Error> {
        let mut connection = self.hosts.connect().await?;
        connection.run(OfConstants(own_settings(role))).await?;
        Ok(connection)
    }

    /// Refuses a server that statements would not mean the same on, or that would not keep what it acknowledges.
    pub(super) async fn check(&self, role: Role, connection: &mut Connection) -> Result<(), OpenError> {
        let found = query_as(FOUND).fetch_one(connection).await.map_err(|source| self.error(source))?;
        let (version, is_bytewise, commits, is_primary, writes) = found;
        let found = Found { version, is_bytewise, commits, is_primary, writes };
        match found.lacks(role) {
            None => Ok(()),
            Some(found) => Err(OpenError::Unfit { database: self.name(), found }),
        }
    }

    /// What went wrong with this database.
    pub(super) fn error(&self, source: sqlx::Error) -> OpenError {
        let code = source.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
        let database = self.name();
        match &*code {
            // Wrong password, or none.
            "28P01" | "28000" => OpenError::Password { database, source },
            _ => OpenError::Server { database, source },
        }
    }
}

fn refused(problem: &'static str) -> OpenError {
    OpenError::Path { url: "postgres://…".to_owned(), problem }
}

/// A URL once for each host that it names after `?`, as sockets are: `host=/one,/two`, and maybe `port=5432,5433`.
fn apart(url: Url) -> Result<Vec<Url>, OpenError> {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let values = |wanted: &str| pairs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.split(','));
    let Some(hosts) = values("host").filter(|hosts| hosts.clone().count() > 1) else { return Ok(vec![url]) };
    let ports: Vec<_> = values("port").into_iter().flatten().collect();
    if ports.len() > 1 && ports.len() != hosts.clone().count() {
        return Err(refused("names other than one port, or one for each host"));
    }
    let with = |(place, host): (usize, &str)| {
        let mut one = url.clone();
        let port = ports.get(place).or_else(|| ports.first());
        let others = pairs.iter().filter(|(key, _)| key != "host" && key != "port");
        one.query_pairs_mut().clear().extend_pairs(others).append_pair("host", host);
        if let Some(port) = port {
            one.query_pairs_mut().append_pair("port", port);
        }
        one
    };
    Ok(hosts.enumerate().map(with).collect())
}

/// How to connect to one host.
fn options(mut url: Url) -> Result<PgConnectOptions, OpenError> {
    if url.query_pairs().any(|(key, _)| !KEYS.contains(&&*key)) {
        // Which other word stands there is not repeated: a password with a `?` in it ends up there.
        return Err(refused("takes only `host`, `port`, `user`, `sslmode` and `sslrootcert` after `?`"));
    }
    if url.path().trim_matches('/').is_empty() {
        return Err(refused("names no database: write `postgres://USER@HOST:PORT/DATABASE`"));
    }
    let file = take_password_file(&mut url);
    let options = PgConnectOptions::from_url(&url).map_err(|_| refused("cannot be read"))?;
    let options = options
        .application_name("conclave")
        .statement_cache_capacity(limits::PREPARED_STATEMENTS_MAX)
        .disable_statement_logging();
    let Some(file) = file else { return Ok(options) };
    match std::fs::read_to_string(&file) {
        Ok(password) => Ok(options.password(password.trim_end_matches(['\r', '\n']))),
        Err(source) => Err(OpenError::PasswordFile { file: file.into(), source }),
    }
}

/// Opens a connection to one host, with the settings that all have.
async fn open(options: &PgConnectOptions) -> Result<Connection, sqlx::Error> {
    let mut connection = Connection::of_server(options.connect().await?);
    connection.run(SETTINGS).await?;
    Ok(connection)
}

/// How a server is set up.
struct Found {
    /// As `server_version_num` counts.
    version: i64,
    /// Whether text is UTF-8 and compared byte by byte.
    is_bytewise: bool,
    /// When a commit is acknowledged.
    commits: String,
    /// Whether it is no standby.
    is_primary: bool,
    /// Whether it takes writes.
    writes: bool,
}

impl Found {
    /// What keeps it from being used so, and what to do about it.
    fn lacks(&self, role: Role) -> Option<String> {
        if self.version < VERSION_MIN {
            let (version, needed) = (self.version / 10_000, VERSION_MIN / 10_000);
            return Some(format!("it has version {version}, and conclave needs {needed} or later"));
        }
        if !self.is_bytewise {
            return Some(
                "it must compare text byte by byte, in UTF-8: make it with \
                 `createdb --template=template0 --encoding=UTF8 --locale=C`"
                    .to_owned(),
            );
        }
        // INVARIANT: what is read from a standby may be from before what others were acknowledged, for as long as it lags,
        // and would count as the newest there is. A server becomes one only by a restart, which ends its connections.
        let is_fit = match role {
            Role::Writer => self.is_primary && self.writes,
            Role::Reader => self.is_primary,
            Role::Replica | Role::Visitor => true,
        };
        if !is_fit {
            return Some("it can only be read: a standby, or set to be read only".to_owned());
        }
        if !["on", "remote_apply"].contains(&&*self.commits) {
            return Some(format!("it acknowledges what it may yet lose: `synchronous_commit` is `{}`", self.commits));
        }
        None
    }
}

/// What may stand after `?`. A password may not: who sees the command line sees it.
const KEYS: [&str; 6] = ["host", "passwordfile", "port", "sslmode", "sslrootcert", "user"];

/// The file that holds the password, taken out of the URL: it is a word of ours.
fn take_password_file(url: &mut Url) -> Option<String> {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let (ours, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key == "passwordfile");
    if ours.is_empty() {
        return None;
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    ours.into_iter().next().map(|(_, file)| file)
}

/// A writer that is stopped while it writes would keep all others from it: the server gives it up.
fn own_settings(role: Role) -> String {
    match role {
        // What a server reads it finds through indexes, as on a file. Small tables would be gone through from end to end
        // instead, once for each look into them, and a plan made while they were small is kept for a while.
        // Which plan is kept is for the server to choose: after five executions it keeps one for any values where that is no
        // dearer. Made to keep one from the first (`plan_cache_mode`), it goes through all of `changes` to find the newest,
        // as it does not know then that few are asked for.
        Role::Reader | Role::Replica => "SET default_transaction_read_only = on; SET enable_seqscan = off".to_owned(),
        Role::Visitor => "SET default_transaction_read_only = on".to_owned(),
        Role::Writer => format!(
            "SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            limits::WRITE_WAIT_MAX.as_millis(),
            limits::IDLE_WRITE_MAX.as_millis()
        ),
    }
}

fn name(all: &[PgConnectOptions]) -> String {
    let place = |options: &PgConnectOptions| match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let places: Vec<_> = all.iter().map(place).collect();
    let (user, database) = all.first().map_or(("", None), |one| (one.get_username(), one.get_database()));
    format!("postgres://{user}@{}/{}", places.join(","), database.unwrap_or_default())
}

/// Nothing came back in time.
pub(super) fn silent() -> sqlx::Error {
    sqlx::Error::Io(Error::new(ErrorKind::TimedOut, "the server does not answer"))
}

/// A server that answers, and is not the one to ask.
fn unfit(problem: &'static str) -> sqlx::Error {
    sqlx::Error::Io(Error::new(ErrorKind::HostUnreachable, problem))
}

/// Whether there is anything in the database, and whether it says what was applied to it.
pub(super) async fn identity(connection: &mut Connection) -> Result<(i64, bool), sqlx::Error> {
    debug_assert_eq!(connection.dialect(), Dialect::Postgres);
    let row = query(
        "SELECT count(*) AS tables, coalesce(bool_or(relname = '_sqlx_migrations'), false) AS ours FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f')",
    )
    .fetch_one(connection)
    .await?;
    Ok((row.try_get("tables")?, row.try_get("ours")?))
}

impl std::fmt::Debug for Server {
    // The options hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Server").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_its_password() {
        for (url, shown) in [
            ("postgres://me:secret@db.example.org:5433/app", "postgres://me@db.example.org:5433/app"),
            ("postgresql://me@localhost/app?host=/run/pg", "postgres://me@/run/pg/app"),
            ("postgres://me:secret@one:1,two/app", "postgres://me@one:1,two:5432/app"),
            ("postgres://me@localhost/app?host=/one,/two", "postgres://me@/one,/two/app"),
            ("postgres://me@localhost/app?host=one,two&port=1,2", "postgres://me@one:1,two:2/app"),
            ("postgres://me@localhost/app?host=one,two&port=3", "postgres://me@one:3,two:3/app"),
        ] {
            let server = Server::parse(url).unwrap();
            assert_eq!(server.name(), PathBuf::from(shown));
            assert!(!format!("{server:?}").contains("secret"));
        }
    }

    #[test]
    fn a_server_that_cannot_keep_its_promises_is_refused() {
        let fit = || Found {
            version: VERSION_MIN,
            is_bytewise: true,
            commits: "on".to_owned(),
            is_primary: true,
            writes: true,
        };
        assert_eq!(fit().lacks(Role::Writer), None);
        let read_only = || Found { writes: false, ..fit() };
        assert_eq!(read_only().lacks(Role::Reader), None);
        let standby = || Found { is_primary: false, ..read_only() };
        assert_eq!(standby().lacks(Role::Replica), None);
        assert!(standby().lacks(Role::Reader).unwrap().contains("can only be read"));
        for (found, named) in [
            (Found { version: 130_014, ..fit() }, "version 13, and conclave needs 14"),
            (Found { version: 90_624, ..fit() }, "version 9,"),
            (Found { is_bytewise: false, ..fit() }, "--locale=C"),
            (Found { commits: "off".to_owned(), ..fit() }, "`synchronous_commit` is `off`"),
            (Found { commits: "local".to_owned(), ..fit() }, "`synchronous_commit` is `local`"),
            (Found { commits: "remote_apply".to_owned(), ..standby() }, "can only be read"),
            (read_only(), "can only be read"),
        ] {
            let lacks = found.lacks(Role::Writer).unwrap();
            assert!(lacks.contains(named), "{lacks}");
        }
    }

    #[test]
    fn what_names_no_database_is_refused_without_repeating_secrets() {
        for url in [
            "postgres://me:secret@host",
            "postgres://me:secret@host/",
            "postgres://me:secret@host:port/db",
            "postgres://me@host/db?password=secret",
            "postgres://me@host/db?options=secret",
            "postgres://me:12?secret=s@host/db",
            "postgres://me:secret@one,two:port/db",
            "postgres://me:secret@one/db?host=a,b,c&port=1,2",
            "postgres://me:secret@1,2,3,4,5,6,7,8,9/db",
        ] {
            let message = Server::parse(url).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
