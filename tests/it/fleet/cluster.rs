//! A PostgreSQL server of a test's own: it may be killed, and set up otherwise than the one that all tests share.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
}

/// Settings of all of them. A process that is killed loses nothing that it has handed to the system, so nothing has to
/// be synced.
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 100
fsync = off
full_page_writes = off
";

impl Cluster {
    /// One that runs; `None`, and said so, where tests have no server or its programs are not here.
    pub fn start() -> Option<Self> {
        Self::with("")
    }

    /// The same with further lines of `postgresql.conf`.
    pub fn with(settings: &str) -> Option<Self> {
        let cluster = Self::empty()?;
        cluster.run("initdb", &["--username=conclave", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"]);
        cluster.set(SETTINGS);
        cluster.set(&format!("unix_socket_directories = '{}'\n{settings}\n", cluster.folder().display()));
        cluster.begin();
        Some(cluster)
    }

    /// One that follows another and takes no writes until it is promoted; runs too.
    pub fn standby_of(primary: &Self) -> Option<Self> {
        let standby = Self::empty()?;
        let (source, data) = (primary.folder().display().to_string(), standby.data().display().to_string());
        standby.run("pg_basebackup", &["-h", &source, "-D", &data, "-R", "-X", "stream", "-c", "fast", "--no-sync"]);
        standby.set(&format!("unix_socket_directories = '{}'", standby.folder().display()));
        standby.begin();
        Some(standby)
    }

    /// A folder for one, and nothing in it.
    pub fn empty() -> Option<Self> {
        let Some(programs) = std::env::var_os("CONCLAVE_TEST_DATABASE").and_then(|_| programs()) else {
            eprintln!("skipped: this needs a PostgreSQL server of its own (CONCLAVE_TEST_DATABASE, and its programs)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        if is_root() {
            // PostgreSQL refuses to run as root.
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success());
        }
        Some(Self { folder, programs })
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it keeps everything.
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A database of it, as `Store::open` takes it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://conclave@localhost/{database}?host={}", self.folder().display())
    }

    /// Gives it a file that it alone may read.
    pub fn give(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, text).unwrap();
        assert!(Command::new("chmod").arg("600").arg(&path).status().unwrap().success());
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&path).status().unwrap().success());
        }
        path
    }

    /// Adds lines to `postgresql.conf`, which hold from the next start or reload on.
    pub fn set(&self, lines: &str) {
        let file = self.data().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&file).unwrap();
        writeln!(text, "{lines}").unwrap();
        std::fs::write(&file, text).unwrap();
    }

    /// Replaces who is let in how.
    pub fn let_in(&self, lines: &str) {
        std::fs::write(self.data().join("pg_hba.conf"), lines).unwrap();
        self.run("pg_ctl", &["reload"]);
    }

    /// Runs one of its programs on its data, which must succeed.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let Output { status, stdout, stderr } = self.command(program, arguments).output().unwrap();
        let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(status.success(), "{program} {arguments:?}: {said} {}", self.log());
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).env("PGDATA", self.data()).env("PGHOST", self.folder()).env("PGUSER", "conclave");
        command.current_dir(self.folder());
        command
    }

    /// Starts it, until it takes connections. After it was killed, what is left of it may be in the way for a moment.
    pub fn begin(&self) {
        let begun = Instant::now();
        let log = self.folder().join("log");
        loop {
            // Nobody reads what it says: it would keep the pipes open for as long as it runs.
            let mut command = self.command("pg_ctl", &["-w", "-l", log.to_str().unwrap(), "start"]);
            let (out, err) = (std::process::Stdio::null(), std::process::Stdio::null());
            if command.stdout(out).stderr(err).status().unwrap().success() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills it with everything that works for it, as a machine that fails does.
    pub fn kill(&self) {
        let Some(server) = self.server() else { return };
        let all = Command::new("pgrep").args(["-P", &server.to_string()]).output().unwrap().stdout;
        let all = String::from_utf8(all).unwrap();
        let all: Vec<_> = all.lines().map(str::to_owned).chain([server.to_string()]).collect();
        // Some may have ended meanwhile.
        Command::new("kill").arg("-KILL").args(&all).output().unwrap();
    }

    /// Kills one of those that work for clients: the server ends all connections then, and recovers.
    pub fn kill_one(&self) {
        let Some(server) = self.server() else { return };
        // How the server titles them.
        let find = ["-n", "-P", &server.to_string(), "-f", "conclave"];
        let newest = String::from_utf8(Command::new("pgrep").args(find).output().unwrap().stdout).unwrap();
        if let Some(id) = newest.lines().next() {
            Command::new("kill").args(["-KILL", id]).output().unwrap();
        }
    }

    /// The process that all others of it belong to.
    fn server(&self) -> Option<u32> {
        std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?.lines().next()?.parse().ok()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl", &["-m", "immediate", "stop"]).output();
    }
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(version)?;
    Some(newest.join("bin")).filter(|bin| bin.join("initdb").exists())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
