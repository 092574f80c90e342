//! A file system of its own with little room: a tmpfs, which takes root.

use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub struct Room {
    folder: TempDir,
}

impl Room {
    /// With room for so many megabytes; without one the test is left out, and says so.
    pub fn new(megabytes: u32) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let size = format!("size={megabytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "conclave-test", folder.path().to_str().unwrap()]) {
            return Some(Self { folder });
        }
        eprintln!(
            "LEFT OUT: no tmpfs can be mounted here (it takes root), so no real file system is full or read-only"
        );
        None
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Nothing can be written from now on.
    pub fn read_only(&self) {
        assert!(mount(&["-o", "remount,ro", self.path().to_str().unwrap()]));
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

fn mount(arguments: &[&str]) -> bool {
    let mut command = Command::new("mount");
    command.args(arguments).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
