//! Running tests again whenever a file changes.

use super::{Arguments, once};
use crate::cli::output;
use crate::config::Config;
use miette::miette;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// How often files are looked at, in milliseconds: looking works on every file system, and through links.
const LOOK_MILLISECONDS: u64 = 300;

/// Files that are looked at.
const FILES_MAX: usize = 10_000;

/// How deep folders are entered.
const FOLDERS_MAX: usize = 16;

/// When each file was changed, and how large it is.
type Stamps = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Runs the tests until somebody interrupts.
pub(super) fn run(arguments: &Arguments, config: &Config) -> miette::Result<ExitCode> {
    let sources = config.sources();
    let places: Vec<&Path> = [Some(arguments.place.as_path()), sources.policies.as_deref(), sources.schema.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    if !arguments.place.exists() {
        return Err(miette!("{} is not there", arguments.place.display()));
    }
    loop {
        let before = stamps(&places);
        // What is wrong now may be put right with the next change.
        if let Err(report) = once(arguments, config) {
            output::print(&format!("{report:?}\n"))?;
        }
        output::print("watching for changes; interrupt to end\n")?;
        while stamps(&places) == before {
            std::thread::sleep(Duration::from_millis(LOOK_MILLISECONDS));
        }
    }
}

fn stamps(places: &[&Path]) -> Stamps {
    let mut found = Stamps::new();
    let mut left: Vec<(PathBuf, usize)> = places.iter().map(|place| ((*place).to_owned(), 0)).collect();
    while let Some((path, depth)) = left.pop() {
        let Ok(known) = fs::metadata(&path) else { continue };
        if known.is_dir() && depth < FOLDERS_MAX {
            let inside = fs::read_dir(&path).into_iter().flatten().flatten();
            left.extend(inside.map(|entry| (entry.path(), depth + 1)));
        } else if found.len() < FILES_MAX {
            found.insert(path, (known.modified().ok(), known.len()));
        }
    }
    found
}
