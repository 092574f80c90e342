//! Where policies and schema come from: compiled in, or two folders.

use super::diagnostic::Problem;
use super::limits::{FOLDER_FILES_MAX, SOURCE_FILE_BYTES_MAX};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
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
    /// The policy files, in the order of their names.
    pub(super) fn policy_files(&self) -> Result<Vec<Arc<SourceFile>>, Vec<Problem>> {
        match &self.policies {
            None => Ok(built_in_policies()),
            Some(path) => read_all(path, &[".cedar"]),
        }
    }

    /// The schema files, in the order of their names.
    pub(super) fn schema_files(&self) -> Result<Vec<Arc<SourceFile>>, Vec<Problem>> {
        match &self.schema {
            None => Ok(built_in!["schema/groups.cedarschema"]),
            Some(path) => read_all(path, &[".cedarschema", ".json"]),
        }
    }
}

/// The files of properties in `folder`, in the order of their names; `None` is the built-in set.
pub(super) fn property_files(folder: Option<&Path>) -> Result<Vec<Arc<SourceFile>>, Vec<Problem>> {
    match folder {
        None => Ok(built_in_properties()),
        Some(path) => read_all(path, &[".cedar"]),
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
fn read_all(path: &Path, endings: &[&str]) -> Result<Vec<Arc<SourceFile>>, Vec<Problem>> {
    let paths = if path.is_file() { Ok(vec![path.to_owned()]) } else { list(path, endings) };
    let paths = paths.map_err(|problem| vec![problem])?;
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match read_file(&path) {
            Ok(text) => files.push(SourceFile::new(path.display().to_string(), text)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn list(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: io::Error| Problem::error(format!("cannot read the folder {}: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            paths.push(path);
        }
        if paths.len() > FOLDER_FILES_MAX {
            return Err(Problem::error(format!("{} holds more than {FOLDER_FILES_MAX} files", folder.display())));
        }
    }
    if paths.is_empty() {
        let endings = endings.join(" or *");
        return Err(Problem::error(format!("{} holds no *{endings} file", folder.display()))
            .with_help("without policies everything is denied; leave the option out for the built-in set"));
    }
    paths.sort();
    Ok(paths)
}

fn read_file(path: &Path) -> Result<String, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| Problem::error(format!("cannot read {}: {error}", path.display()));
    let not_regular = || unreadable(&"it is not a regular file");
    // Asked before opening: opening a FIFO waits for a writer that may never come.
    if !fs::metadata(path).map_err(|error| unreadable(&error))?.is_file() {
        return Err(not_regular());
    }
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    if !file.metadata().map_err(|error| unreadable(&error))?.is_file() {
        return Err(not_regular());
    }
    let mut bytes = Vec::new();
    file.take(SOURCE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > SOURCE_FILE_BYTES_MAX {
        return Err(unreadable(&format_args!("it is larger than {SOURCE_FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        unreadable(&format_args!("it is no UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))
    })
}
