//! What authors of policies work with: `validate`, `test`, `fmt` and `matrix`, as commands.

mod fmt;
mod matrix;
mod odd_files;
mod testing;
mod unread;
mod validate;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A folder, and the command in it.
pub struct Bench(TempDir);

/// Exit code, standard output, standard error.
pub type Said = (Option<i32>, String, String);

impl Bench {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self(TempDir::new().unwrap());
        for (name, text) in files {
            bench.write(name, text);
        }
        bench
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        run_in(self.path(), arguments)
    }
}

/// Runs the command in a folder. One that hangs is ended, and then has no exit code.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Said {
    // A command that waits for a writer that never comes would wait for ever.
    let mut command = Command::new("timeout");
    command.args(["60", env!("CARGO_BIN_EXE_conclave")]).args(arguments).current_dir(folder).env("NO_COLOR", "1");
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_ne!(status.code(), Some(124), "{arguments:?} hangs");
    (status.code(), text(stdout), text(stderr))
}

/// Holds a text against a golden file; `CONCLAVE_UPDATE_GOLDEN=1` writes it anew.
pub fn is_golden(name: &str, now: &str) {
    let path = Path::new(ROOT).join("tests/golden").join(name);
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(now == golden, "{} differs; CONCLAVE_UPDATE_GOLDEN=1 writes it anew:\n{now}", path.display());
}
