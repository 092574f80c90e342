//! From schema files to one schema.

use super::diagnostic::Problem;
use super::sources::SourceFile;
use cedar_policy::{Schema, SchemaFragment};
use std::path::Path;
use std::sync::Arc;

/// One schema of all files; `None` if any of them has an error, which is then in `problems`.
pub(super) fn load(files: &[Arc<SourceFile>], problems: &mut Vec<Problem>) -> Option<Schema> {
    let fragments: Vec<_> = files.iter().map(|file| fragment(file, problems)).collect();
    let fragments = fragments.into_iter().collect::<Option<Vec<_>>>()?;
    let schema = match Schema::from_schema_fragments(fragments) {
        Ok(schema) => schema,
        Err(error) => {
            problems.extend(Problem::from_cedar(&error, files));
            return None;
        }
    };
    if let Err(error) = schema.as_ref().check_complete() {
        problems.extend(Problem::from_cedar(&error, files));
        return None;
    }
    Some(schema)
}

fn fragment(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Option<SchemaFragment> {
    let one = std::slice::from_ref(file);
    if Path::new(&file.name).extension().is_some_and(|extension| extension == "json") {
        return match SchemaFragment::from_json_str(&file.text) {
            Ok(fragment) => Some(fragment),
            Err(error) => {
                problems.push(json_problem(file, &error));
                None
            }
        };
    }
    match SchemaFragment::from_cedarschema_str(&file.text) {
        Ok((fragment, warnings)) => {
            problems.extend(warnings.flat_map(|warning| Problem::from_cedar(&warning, one)));
            Some(fragment)
        }
        Err(error) => {
            problems.extend(Problem::from_cedar(&error, one));
            None
        }
    }
}

/// Cedar does not say where in a JSON schema an error is; where the JSON itself is broken we can.
fn json_problem(file: &Arc<SourceFile>, error: &dyn miette::Diagnostic) -> Problem {
    let message = format!("{}: {error}", file.name);
    match serde_json::from_str::<serde::de::IgnoredAny>(&file.text) {
        Ok(_) => Problem::error(message),
        Err(broken) => Problem::error(message).at(file, offset(&file.text, broken.line(), broken.column()).into()),
    }
}

/// The byte at a line and column, both from 1, as serde counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}
