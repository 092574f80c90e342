//! The library between the program and the disk, and what it is told to do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Nothing,
    /// Kills the program at the `count`th call of this kind: `before`, `half` way through or `after` it.
    Kill {
        kind: &'static str,
        count: u64,
        when: &'static str,
    },
    /// Fails writes (`w`), syncs (`s`) or both (`b`) with this number.
    Fail(i32, char),
}

/// No room is left.
pub const ENOSPC: i32 = 28;
/// Nothing can be read or written.
pub const EIO: i32 = 5;
/// The file system is read-only.
pub const EROFS: i32 = 30;

impl Order {
    /// From now on, for whoever runs in `folder`.
    pub fn give(self, folder: &Path) {
        let text = match self {
            Self::Nothing => String::new(),
            Self::Kill { kind, count, when } => format!("kill {kind} {count} {when}"),
            Self::Fail(number, what) => format!("fail {number} {what}"),
        };
        // Whole at once: the program reads it all the time.
        let (new, file) = (folder.join("orders.new"), orders(folder));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, file).unwrap();
    }
}

/// The file from which the library takes its orders.
pub fn orders(folder: &Path) -> PathBuf {
    folder.join("orders")
}

/// The library, compiled once.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/disk.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("disk-{}.so", std::process::id()));
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library);
        assert!(compile.args([source, "-ldl"]).status().unwrap().success(), "{source} does not compile");
        // Under one name, whoever else does the same.
        let shared = folder.join("disk.so");
        std::fs::rename(library, &shared).unwrap();
        shared
    })
}
