//! From schema files to one schema.

use super::diagnostic::Problem;
use super::groups;
use super::json;
use super::merge::{self, Declared};
use super::nesting::{self, Language};
use super::sources::{SourceFile, Sources};
use cedar_policy::Schema;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::json_schema::Fragment;
use cedar_policy_core::validator::{RawName, SchemaError, ValidatorSchema, ValidatorSchemaFragment};
use std::sync::Arc;

/// One schema of all files; `None` if any of them has an error, which is then in `problems`.
pub(super) fn load(files: &[Arc<SourceFile>], problems: &mut Vec<Problem>) -> Option<Schema> {
    let declared: Vec<_> = files.iter().map(|file| fragment(file, problems)).collect();
    let declared = declared.into_iter().collect::<Option<Vec<_>>>()?;
    let problems_before = problems.len();
    let whole = merge::merged(declared, problems);
    if problems.len() > problems_before {
        return None;
    }
    let schema = match schema(whole.clone()) {
        Ok(schema) => schema,
        Err(error) => {
            problems.extend(Problem::from_cedar(error.as_ref(), files));
            return None;
        }
    };
    if let Err(error) = schema.check_complete() {
        problems.extend(Problem::from_cedar(&error, files));
        return None;
    }
    groups::check(&schema, &whole, files, problems);
    Some(schema.into())
}

/// The schema that is compiled in.
pub(super) fn built_in() -> Option<ValidatorSchema> {
    let files = Sources::default().schema_files().ok()?;
    let declared = files.iter().map(|file| fragment(file, &mut Vec::new())).collect::<Option<Vec<_>>>()?;
    schema(merge::merged(declared, &mut Vec::new())).ok()
}

fn schema(whole: Fragment<RawName>) -> Result<ValidatorSchema, Box<SchemaError>> {
    let fragment = ValidatorSchemaFragment::from_schema_fragment(whole)?;
    Ok(ValidatorSchema::from_schema_fragments([fragment], Extensions::all_available())?)
}

fn fragment(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Option<Declared> {
    let one = std::slice::from_ref(file);
    if file.is_json() {
        return match Fragment::from_json_str(&file.text) {
            Ok(fragment) => Some((Arc::clone(file), fragment)),
            Err(error) => {
                problems.push(json::problem(file, &error));
                None
            }
        };
    }
    if let Some(problem) = nesting::too_deep(file, Language::Schema) {
        problems.push(problem);
        return None;
    }
    match Fragment::from_cedarschema_str(&file.text, Extensions::all_available()) {
        Ok((fragment, warnings)) => {
            problems.extend(warnings.flat_map(|warning| Problem::from_cedar(&warning, one)));
            Some((Arc::clone(file), fragment))
        }
        Err(error) => {
            problems.extend(Problem::from_cedar(&error, one));
            None
        }
    }
}
