//! Files of tests: found in their folder, read as YAML, of which JSON is a part.

use super::limits::{TEST_DEPTH_MAX, TEST_FILE_BYTES_MAX, TEST_FILES_MAX, TEST_FOLDERS_MAX};
use super::record::Sheet;
use crate::engine::{Problem, SourceFile};
use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location, Options};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the names of files of tests end in.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The file, or every file of tests below the folder, in the order of their paths. Links to folders are not followed.
pub(super) fn find(place: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![(place.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |error: std::io::Error| told(&folder, &format!("cannot be read: {error}"));
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            if entry.file_type().map_err(unreadable)?.is_dir() {
                if depth < TEST_FOLDERS_MAX {
                    folders.push((path, depth + 1));
                }
            } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| *known == ending)) {
                found.push(path);
            }
            if found.len() > TEST_FILES_MAX {
                return Err(told(place, &format!("holds more than {TEST_FILES_MAX} files")));
            }
        }
    }
    if found.is_empty() {
        return Err(told(place, "holds no file of tests (*.yaml, *.yml or *.json)"));
    }
    found.sort();
    Ok(found)
}

fn told(path: &Path, what: &str) -> Problem {
    Problem::error(format!("{} {what}", path.display()))
}

/// A file as text.
pub(super) fn text(path: &Path) -> Result<Arc<SourceFile>, Problem> {
    SourceFile::read(path, TEST_FILE_BYTES_MAX)
}

/// What a file holds. A list is one of entities, a world by itself.
pub(super) fn sheet(file: &Arc<SourceFile>) -> Result<Sheet, Problem> {
    if file.text.trim_start().starts_with('[') || file.text.trim_start().starts_with("- ") {
        return Ok(Sheet { entities: Some(parsed(file)?), ..Sheet::default() });
    }
    parsed(file)
}

/// A text of YAML as a `T`.
pub(super) fn parsed<T: DeserializeOwned>(file: &Arc<SourceFile>) -> Result<T, Problem> {
    serde_saphyr::from_str_with_options(&file.text, options()).map_err(|error| problem(file, &error))
}

fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: TEST_DEPTH_MAX,
        max_nodes: 4_000_000,
        max_events: 16_000_000,
    };
    // `yes`, `on` and the like are names of people as good as others.
    serde_saphyr::options! { budget: budget, strict_booleans: true, with_snippet: false }
}

fn problem(file: &Arc<SourceFile>, error: &Error) -> Problem {
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default().to_owned();
    let start = error.location().map_or(0, |location| offset(file, location));
    Problem::of(file, (start, 0), message)
}

/// The byte at which something begins that YAML has a place of.
pub(super) fn offset(file: &SourceFile, location: Location) -> usize {
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let before: usize = file.text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = file.text.get(before..).unwrap_or_default();
    before + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}

/// The line, from 1.
pub(super) fn line(location: Location) -> usize {
    usize::try_from(location.line()).unwrap_or(1).max(1)
}
