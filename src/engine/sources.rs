//! Where policies and schema come from: compiled in, or two folders.

use super::diagnostic::Problem;
use super::limits::{FOLDER_BYTES_MAX, FOLDER_ENTRIES_MAX, FOLDER_FILES_MAX, SOURCE_FILE_BYTES_MAX};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A deployment switch that policies name with `@feature`: chat and presence (M2).
pub const MESSAGING: &str = "messaging";

/// Which policies to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Folder of `*.cedar` files, or one file; `None` is the built-in set.
    pub policies: Option<PathBuf>,
    /// Folder of `*.cedarschema` and `*.json` files, or one file; `None` is the built-in schema.
    pub schema: Option<PathBuf>,
    /// Switches that are on. A policy with `@feature("x")` is left out unless `x` is among them.
    pub features: BTreeSet<String>,
}

impl Default for Sources {
    fn default() -> Self {
        Self { policies: None, schema: None, features: BTreeSet::from([MESSAGING.to_owned()]) }
    }
}

/// The files of a set as they were read at one time, and whatever could not be read.
#[derive(Debug)]
pub struct ReadSources {
    pub(super) schema: Vec<Arc<SourceFile>>,
    pub(super) policies: Vec<Arc<SourceFile>>,
    pub(super) problems: Vec<Problem>,
    pub(super) features: BTreeSet<String>,
}

impl ReadSources {
    /// The same for the same files with the same names, and for the same reasons not to read them: tells whether
    /// anything changed.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        // Each text with its length, and each list with its own: where one ends makes a difference.
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        for files in [&self.schema, &self.policies] {
            add(&files.len().to_string());
            for file in files {
                add(&file.name);
                add(&file.text);
            }
        }
        self.problems.iter().for_each(|problem| add(problem.message()));
        hash.finalize().into()
    }
}

/// A file of policies or of schema, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as diagnostics show it.
    pub name: String,
    /// The whole text; spans of diagnostics are offsets into it.
    pub text: Arc<str>,
}

impl SourceFile {
    /// A file with this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Reads a file as text.
    ///
    /// # Errors
    /// [`Problem`] naming the file, if it is no regular file, larger than `bytes_max`, or no text.
    pub fn read(path: &Path, bytes_max: u64) -> Result<Arc<Self>, Problem> {
        Ok(Self::new(path.display().to_string(), read_file(path, bytes_max)?))
    }

    /// Whether it is written as JSON.
    pub(super) fn is_json(&self) -> bool {
        Path::new(&self.name).extension().is_some_and(|extension| extension == "json")
    }

    /// Line and column of a byte offset, both counted from 1.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

macro_rules! built_in {
    ($($path:literal),* $(,)?) => {
        vec![$(SourceFile::new($path, include_str!(concat!("../../", $path)))),*]
    };
}

impl Sources {
    /// Reads all files; there is no schema at all where any part of it cannot be read.
    #[must_use]
    pub fn read(&self) -> ReadSources {
        let mut problems = Vec::new();
        let mut schema = self.schema_files(&mut problems);
        if !problems.is_empty() {
            schema.clear();
        }
        let policies = self.policy_files(&mut problems);
        ReadSources { schema, policies, problems, features: self.features.clone() }
    }

    /// What there is to watch: nothing of what is compiled in.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.policies, &self.schema].into_iter().flatten().map(PathBuf::as_path)
    }

    /// The policy files that can be read, in the order of their names; what cannot goes to `problems`.
    pub(super) fn policy_files(&self, problems: &mut Vec<Problem>) -> Vec<Arc<SourceFile>> {
        match &self.policies {
            None => built_in_policies(),
            Some(path) => read_all(path, &[".cedar"], problems),
        }
    }

    /// The schema files that can be read, in the order of their names; what cannot goes to `problems`.
    pub(super) fn schema_files(&self, problems: &mut Vec<Problem>) -> Vec<Arc<SourceFile>> {
        match &self.schema {
            None => built_in!["schema/groups.cedarschema"],
            Some(path) => read_all(path, &[".cedarschema", ".json"], problems),
        }
    }
}

/// The files of properties in `folder`, in the order of their names; `None` is the built-in set.
pub(super) fn property_files(folder: Option<&Path>, problems: &mut Vec<Problem>) -> Vec<Arc<SourceFile>> {
    match folder {
        None => built_in_properties(),
        Some(path) => read_all(path, &[".cedar"], problems),
    }
}

/// They lie below the policies that they are about, in a folder that is not entered when those are read.
fn built_in_properties() -> Vec<Arc<SourceFile>> {
    built_in![
        "policies/properties/A8.cedar",
        "policies/properties/C4.cedar",
        "policies/properties/D1.cedar",
        "policies/properties/D4.cedar",
        "policies/properties/D5-managers.cedar",
        "policies/properties/D5.cedar",
        "policies/properties/D7.cedar",
        "policies/properties/F2.cedar",
        "policies/properties/M2.cedar",
        "policies/properties/M4.cedar",
        "policies/properties/P6.cedar",
        "policies/properties/S2-everyone.cedar",
        "policies/properties/S2.cedar",
        "policies/properties/S4.cedar",
        "policies/properties/assumptions.cedar",
    ]
}

fn built_in_policies() -> Vec<Arc<SourceFile>> {
    built_in![
        "policies/administration.cedar",
        "policies/capacity.cedar",
        "policies/content.cedar",
        "policies/directory.cedar",
        "policies/membership.cedar",
        "policies/roles.cedar",
        "policies/spaces.cedar",
    ]
}

/// Reads one file, or the files of a folder whose names end in one of `endings`; sub-folders are not entered.
fn read_all(path: &Path, endings: &[&str], problems: &mut Vec<Problem>) -> Vec<Arc<SourceFile>> {
    let paths = files(path, endings).unwrap_or_else(|problem| {
        problems.push(
            problem
                .with_help("name a folder of .cedar files, or one file; without the option what is built in is taken"),
        );
        Vec::new()
    });
    let (mut read, mut bytes) = (Vec::new(), 0);
    for found in paths {
        match SourceFile::read(&found, SOURCE_FILE_BYTES_MAX) {
            Ok(file) => {
                bytes += file.text.len();
                read.push(file);
            }
            Err(problem) => problems.push(problem),
        }
        if bytes > FOLDER_BYTES_MAX {
            let message = format!("{} holds more than {FOLDER_BYTES_MAX} bytes", path.display());
            problems.push(Problem::error(message).with_code("limit"));
            break;
        }
    }
    read
}

/// One file as it is named, or the files of a folder whose names end in one of `endings`, in the order of their
/// names; sub-folders are not entered.
///
/// # Errors
/// [`Problem`] if the folder cannot be read, holds none, or too many.
pub fn files(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Problem> {
    if path.is_file() { Ok(vec![path.to_owned()]) } else { list(path, endings) }
}

fn list(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: io::Error| {
        Problem::error(format!("cannot read the folder {}: {error}", folder.display())).with_code("unreadable")
    };
    let mut paths = Vec::new();
    for (number, entry) in fs::read_dir(folder).map_err(unreadable)?.enumerate() {
        if number >= FOLDER_ENTRIES_MAX {
            let message = format!("{} holds more than {FOLDER_ENTRIES_MAX} entries of any kind", folder.display());
            return Err(Problem::error(message).with_code("limit"));
        }
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            paths.push(path);
        }
        if paths.len() > FOLDER_FILES_MAX {
            let many = format!("{} holds more than {FOLDER_FILES_MAX} files", folder.display());
            return Err(Problem::error(many).with_code("limit"));
        }
    }
    if paths.is_empty() {
        let endings = endings.join(" or *");
        return Err(Problem::error(format!("{} holds no *{endings} file", folder.display())).with_code("unreadable"));
    }
    paths.sort();
    Ok(paths)
}

fn read_file(path: &Path, bytes_max: u64) -> Result<String, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::error(format!("cannot read {}: {error}", path.display())).with_code("unreadable")
    };
    let not_regular = || unreadable(&"it is not a regular file");
    // Asked before opening: devices may do something when they are opened.
    if !fs::metadata(path).map_err(|error| unreadable(&error))?.is_file() {
        return Err(not_regular());
    }
    // Opening a FIFO that has just taken the file's place must not wait for a writer that may never come.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| unreadable(&error))?;
    if !file.metadata().map_err(|error| unreadable(&error))?.is_file() {
        return Err(not_regular());
    }
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(unreadable(&format_args!("it is larger than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        unreadable(&format_args!("it is no UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))
    })
}
