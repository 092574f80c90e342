//! From a URL to an open store: ours, whole, owned if need be.

use super::connection::{Plan, Role};
use super::ended;
use super::error::OpenError;
use super::follow::Followed;
use super::lease::Leases;
use super::location::{self, Location};
use super::lock::OwnerLock;
use super::migrate::{self, State};
use super::seal::Seal;
use super::server::Server;
use super::sql::Connection;
use super::{Inner, Store, limits};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What the store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For a server: owns the database file, creates it if there is none, and migrates it. A database of a
    /// `PostgreSQL` server is shared with other servers.
    Own,
    /// For `check`, `explain`, `doctor` and the like: reads what is there, a server running or not.
    ReadOnly,
}

impl Store {
    /// Opens the database at `url`: `sqlite://PATH`, a plain path, or `postgres://USER@HOST:PORT/DATABASE`.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way and what to do about it. Whatever is refused is
    /// left as it is.
    pub async fn open(url: &str, access: Access) -> Result<Self, OpenError> {
        let inner = match (Location::parse(url)?, access) {
            (Location::File(path), Access::Own) => own(location::resolve(&path)?).await?,
            (Location::File(path), Access::ReadOnly) => look(location::resolve(&path)?).await?,
            (Location::Server(server), access) => join(server, access).await?,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

async fn own(path: PathBuf) -> Result<Inner, OpenError> {
    // INVARIANT: the lock comes before the first look at the file. Two servers with a writer and a
    // cache each would serve decisions that the other's writes have overtaken.
    let lock = OwnerLock::take(&path)?;
    create(&path)?;
    let plan = Plan::of_file(path.clone(), Role::Writer);
    let mut connection = plan.connect_or_create().await.map_err(|source| plan.error(source))?;
    let state = migrate::inspect(&plan, &mut connection).await?;
    migrate::keep_log(&plan, &mut connection).await?;
    if state != State::Current {
        migrate::mark(&plan, &mut connection).await?;
        migrate::migrate(&plan, &mut connection).await?;
    }
    plan.check(&mut connection).await?;
    migrate::stands(&plan, &mut connection).await?;
    let seal = Seal::of(&plan, &mut connection).await?;
    let writer = Leases::one(plan, connection, limits::WRITE_WAIT_MAX);
    Ok(Inner {
        readers: readers(Location::File(path), Role::Reader).await?,
        writer: Some(writer),
        followed: None,
        replica: OnceLock::new(),
        seal,
        lock: Some(lock),
    })
}

/// Opens a database on a server, beside whoever else has. Nobody owns it: writers take turns.
async fn join(server: Box<Server>, access: Access) -> Result<Inner, OpenError> {
    let (is_own, location) = (access == Access::Own, Location::Server(server));
    let plan = Plan { location: location.clone(), role: if is_own { Role::Writer } else { Role::Visitor } };
    let mut connection = plan.connect_checked().await?;
    match migrate::inspect(&plan, &mut connection).await? {
        State::Current => {}
        State::Empty | State::Behind if is_own => connection = bring_up(&plan, connection).await?,
        State::Empty | State::Behind => return Err(OpenError::Older(plan.name())),
    }
    migrate::stands(&plan, &mut connection).await?;
    let seal = Seal::of(&plan, &mut connection).await?;
    let writer = is_own.then(|| Leases::one(plan, connection, limits::WRITE_WAIT_MAX));
    Ok(Inner {
        readers: readers(location, if is_own { Role::Reader } else { Role::Visitor }).await?,
        writer,
        followed: Some(Followed::new()),
        replica: OnceLock::new(),
        seal,
        lock: None,
    })
}

/// Gives a database on a server the schema of this program. The server ends a connection over which it waits too long in a
/// transaction, that of a process that is halted, say: each version is there whole or not at all then, and another
/// connection brings the rest.
async fn bring_up(plan: &Plan, mut connection: Connection) -> Result<Connection, OpenError> {
    match migrate::migrate(plan, &mut connection).await {
        Err(failure) if ended::is_of_migration(&failure) => {
            connection = plan.connect_checked().await?;
            migrate::migrate(plan, &mut connection).await?;
        }
        done => done?,
    }
    Ok(connection)
}

/// Makes the file, for nobody but its owner, if there is none; SQLite gives the files it makes beside
/// a database (`-wal`, `-shm`) the database's own mode.
///
/// An existing file is not opened here: closing it again would drop the locks that SQLite holds on it.
fn create(path: &Path) -> Result<(), OpenError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(OpenError::Create { path: path.to_owned(), source }),
    }
}

async fn look(path: PathBuf) -> Result<Inner, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path));
    }
    let plan = Plan::of_file(path.clone(), Role::Visitor);
    let mut connection = plan.connect().await.map_err(|source| plan.error(source))?;
    if migrate::inspect(&plan, &mut connection).await? != State::Current {
        return Err(OpenError::Older(path));
    }
    let seal = Seal::of(&plan, &mut connection).await?;
    let readers = readers(Location::File(path), Role::Visitor).await?;
    Ok(Inner { readers, writer: None, followed: None, replica: OnceLock::new(), seal, lock: None })
}

async fn readers(location: Location, role: Role) -> Result<Leases, OpenError> {
    let plan = Plan { location, role };
    Leases::open(&plan, limits::READ_CONNECTIONS_MAX, limits::READ_WAIT_MAX).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Revision;
    use crate::store::StoreError;
    use crate::store::sql;
    use crate::store::testing::{World, raw};
    use tempfile::TempDir;

    async fn refused(path: &Path, access: Access) -> String {
        Store::open(path.to_str().unwrap(), access).await.unwrap_err().to_string()
    }

    fn file() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.db");
        (directory, path)
    }

    async fn spoil(path: &Path, statement: &'static str) {
        let mut connection = raw(path).await;
        connection.run(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn created() -> (TempDir, PathBuf) {
        let (directory, path) = file();
        Store::open(path.to_str().unwrap(), Access::Own).await.unwrap().close().await;
        (directory, path)
    }

    #[tokio::test]
    async fn a_new_database_is_made_and_opened_again() {
        let (_directory, path) = file();
        for _ in 0..2 {
            let store = Store::open(&format!("sqlite://{}", path.display()), Access::Own).await.unwrap();
            assert_eq!(store.revision().await.unwrap(), Revision(0));
            store.close().await;
        }
        let (id,): (i32,) = sql::query_as("PRAGMA application_id").fetch_one(&mut raw(&path).await).await.unwrap();
        assert_eq!(id, migrate::APPLICATION_ID);
        assert_eq!(&id.to_be_bytes(), b"CNCL");
    }

    #[tokio::test]
    async fn a_new_database_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let world = World::in_file().await;
        for name in ["db", "db-wal", "db-shm"] {
            let file = world.path.with_extension(name);
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
    }

    #[tokio::test]
    async fn a_second_owner_is_told_who_was_first() {
        let world = World::in_file().await;
        let message = refused(&world.path, Access::Own).await;
        let lock = format!("{}.lock", world.path.canonicalize().unwrap().display());
        assert!(message.contains("another conclave") && message.contains(&lock), "{message}");
        assert!(message.contains("--database"), "{message}");
    }

    #[tokio::test]
    async fn a_reader_works_beside_the_owner_and_without_one() {
        let world = World::in_file().await;
        let url = world.path.to_str().unwrap();
        let beside = Store::open(url, Access::ReadOnly).await.unwrap();
        assert_eq!(beside.revision().await.unwrap(), Revision(1));
        world.run("UPDATE groups SET open = 0").await;
        assert_eq!(beside.revision().await.unwrap(), Revision(2));
        assert!(matches!(beside.write("no", None, 0).await, Err(StoreError::ReadOnly)));
        drop(beside);
        world.store.clone().close().await;
        let alone = Store::open(url, Access::ReadOnly).await.unwrap();
        assert_eq!(alone.revision().await.unwrap(), Revision(2));
    }

    #[tokio::test]
    async fn a_reader_creates_nothing() {
        let (directory, path) = file();
        let message = refused(&path, Access::ReadOnly).await;
        assert!(message.contains("no database") && message.contains("conclave serve"), "{message}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_is_not_ours_is_left_as_it_is() {
        for access in [Access::Own, Access::ReadOnly] {
            let (_directory, path) = file();
            spoil(&path, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").await;
            let before = std::fs::read(&path).unwrap();
            let message = refused(&path, access).await;
            assert!(message.contains("no conclave database"), "{message}");
            assert_eq!(std::fs::read(&path).unwrap(), before);

            spoil(&path, "DROP TABLE theirs; PRAGMA application_id = 7").await;
            assert!(refused(&path, access).await.contains("no conclave database"));

            std::fs::write(&path, "some text that is no database, but long enough to be looked at".repeat(99)).unwrap();
            assert!(refused(&path, access).await.contains("no conclave database"));
        }
    }

    #[tokio::test]
    async fn what_a_newer_conclave_wrote_is_refused() {
        let (_directory, path) = created().await;
        spoil(&path, "INSERT INTO _sqlx_migrations VALUES (99, 'later', 0, TRUE, x'00', 0)").await;
        for access in [Access::Own, Access::ReadOnly] {
            let message = refused(&path, access).await;
            assert!(message.contains("newer conclave") && message.contains("schema version 99"), "{message}");
            assert!(message.contains("upgrade"), "{message}");
        }
    }

    #[tokio::test]
    async fn an_altered_migration_is_refused() {
        let (_directory, path) = created().await;
        spoil(&path, "UPDATE _sqlx_migrations SET checksum = x'00'").await;
        assert!(refused(&path, Access::Own).await.contains("schema version 1"));
    }

    #[tokio::test]
    async fn what_is_not_migrated_yet_is_only_for_its_owner() {
        let (_directory, path) = file();
        std::fs::write(&path, "").unwrap();
        assert!(refused(&path, Access::ReadOnly).await.contains("conclave serve"));
        // The program stopped right after it had marked the file.
        spoil(&path, "PRAGMA application_id = 0x434E434C").await;
        assert!(refused(&path, Access::ReadOnly).await.contains("conclave serve"));
        Store::open(path.to_str().unwrap(), Access::Own).await.unwrap();
    }

    #[tokio::test]
    async fn a_database_turned_away_from_its_journal_mode_is_turned_back() {
        let (_directory, path) = created().await;
        spoil(&path, "PRAGMA journal_mode = DELETE").await;
        Store::open(path.to_str().unwrap(), Access::ReadOnly).await.unwrap().close().await;
        let _owned = Store::open(path.to_str().unwrap(), Access::Own).await.unwrap();
        let (mode,): (String,) = sql::query_as("PRAGMA journal_mode").fetch_one(&mut raw(&path).await).await.unwrap();
        assert_eq!(mode, "wal");
    }
}
