//! JSON files: where in them a mistake is.

use super::diagnostic::Problem;
use super::sources::SourceFile;
use serde_json::value::RawValue;
use std::fmt::Display;
use std::sync::Arc;

/// What `error` says of a JSON file. Cedar does not say where; where the JSON itself is broken we can.
pub(super) fn problem(file: &Arc<SourceFile>, error: &dyn Display) -> Problem {
    let message = format!("{}: {error}", file.name);
    match serde_json::from_str::<serde::de::IgnoredAny>(&file.text) {
        Ok(_) => Problem::error(message),
        Err(broken) => Problem::error(message).at(file, offset(&file.text, &broken).into()),
    }
}

/// The elements of a file that holds a JSON array, each as it stands there.
///
/// # Errors
/// [`Problem`] with the place, if it holds none.
pub fn elements(file: &Arc<SourceFile>) -> Result<Vec<&RawValue>, Problem> {
    serde_json::from_str(&file.text).map_err(|error| {
        let message = format!("{} holds no JSON array: {error}", file.name);
        Problem::error(message).at(file, offset(&file.text, &error).into())
    })
}

/// Where an element of [`elements`] begins in its file, in bytes.
pub(super) fn place(file: &SourceFile, element: &RawValue) -> usize {
    (element.get().as_ptr() as usize).saturating_sub(file.text.as_ptr() as usize)
}

/// The byte that serde stumbled over; it counts lines and columns from 1.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}
