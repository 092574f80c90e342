//! From files to a bundle: all or nothing, every problem at once.

use super::index::{self, Index};
use super::parse::{self, Parsed};
use super::validate::Looking;
use super::{Bundle, ErrorRule, LoadError, Naming, Problem, SourceFile, Sources, limits, schema, validate};
use crate::cedar::EntityModel;
use cedar_policy::Schema;
use cedar_policy_core::ast::{Entity, PolicySet};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

impl Bundle {
    /// Loads, validates and indexes a set.
    ///
    /// # Errors
    /// [`LoadError`] with every problem of every file at once.
    pub fn load(sources: &Sources) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let schema = sources.schema_files().unwrap_or_else(|more| gather(more, &mut problems));
        let policies = sources.policy_files().unwrap_or_else(|more| gather(more, &mut problems));
        let looking = Looking::UpToALevel;
        let bundle = Self::compile(&schema, &policies, Naming::Annotated, &sources.features, looking, problems)?;
        if bundle.policies.is_empty() {
            let nothing = Problem::error("no policy is in force").with_help("without policies everything is denied");
            return Err(LoadError::new([bundle.warnings, vec![nothing]].concat()));
        }
        Ok(bundle)
    }

    /// The same for texts that are at hand already.
    ///
    /// # Errors
    /// [`LoadError`] with every problem of every file at once.
    pub fn from_files(
        schema: &[Arc<SourceFile>],
        policies: &[Arc<SourceFile>],
        naming: Naming,
        features: &BTreeSet<String>,
    ) -> Result<Self, LoadError> {
        Self::compile(schema, policies, naming, features, Looking::UpToALevel, Vec::new())
    }

    pub(super) fn compile(
        schema_files: &[Arc<SourceFile>],
        policy_files: &[Arc<SourceFile>],
        naming: Naming,
        features: &BTreeSet<String>,
        looking: Looking,
        mut problems: Vec<Problem>,
    ) -> Result<Self, LoadError> {
        let were_read = problems.is_empty();
        let policies = parse::parse(policy_files, naming, features, &mut problems);
        let schema = schema::load(schema_files, &mut problems);
        let Some(schema) = schema.filter(|_| were_read) else { return Err(LoadError::new(problems)) };
        let levels = validate::validate(&schema, &policies, looking, &mut problems);
        let actions = action_entities(&schema, &mut problems);
        if problems.iter().any(Problem::is_error) {
            return Err(LoadError::new(problems));
        }
        Problem::sort(&mut problems);
        let index = index::build(&schema, &policies, &levels, &actions);
        let digest = digest(schema_files.iter().chain(policy_files), features);
        Ok(Self { actions, warnings: problems, ..Self::new(Some(schema), policies, index, digest) })
    }

    /// A set as it is, neither validated nor indexed: for `eval --no-validate` and for comparisons with Cedar.
    /// Every policy is tried with its whole scope for every request.
    ///
    /// # Errors
    /// [`LoadError`] if the files do not parse.
    pub fn unvalidated(
        schema: &[Arc<SourceFile>],
        policies: &[Arc<SourceFile>],
        naming: Naming,
        features: &BTreeSet<String>,
    ) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let parsed = parse::parse(policies, naming, features, &mut problems);
        let loaded = if schema.is_empty() { None } else { schema::load(schema, &mut problems) };
        let actions = loaded.as_ref().map(|schema| action_entities(schema, &mut problems)).unwrap_or_default();
        if problems.iter().any(Problem::is_error) {
            return Err(LoadError::new(problems));
        }
        let index = index::everything(&parsed, limits::DEREFERENCE_LEVELS_MAX);
        let digest = digest(schema.iter().chain(policies), features);
        Ok(Self { actions, warnings: problems, ..Self::new(loaded, parsed, index, digest) })
    }

    fn new(schema: Option<Schema>, policies: Vec<Parsed>, index: Index, digest: String) -> Self {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let mut set = PolicySet::new();
        for policy in &policies {
            // Ids are unique here: duplicates are errors.
            let _ = set.add(policy.policy.clone());
        }
        let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        let model = Arc::new(schema.as_ref().map_or_else(EntityModel::empty, EntityModel::of));
        let (actions, warnings, error_rule) = (Vec::new(), Vec::new(), ErrorRule::default());
        Self { schema, policies, set: set.into(), index, actions, model, warnings, error_rule, generation, digest }
    }
}

pub(super) fn gather(more: Vec<Problem>, problems: &mut Vec<Problem>) -> Vec<Arc<SourceFile>> {
    problems.extend(more);
    Vec::new()
}

fn action_entities(schema: &Schema, problems: &mut Vec<Problem>) -> Vec<Arc<Entity>> {
    match schema.action_entities() {
        Ok(entities) => entities.iter().map(|entity| Arc::new(entity.as_ref().clone())).collect(),
        Err(error) => {
            problems.extend(Problem::from_cedar(&error, &[]));
            Vec::new()
        }
    }
}

fn digest<'a>(files: impl Iterator<Item = &'a Arc<SourceFile>>, features: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    // Each text with its length: where one ends and the next begins makes a difference.
    for text in files.map(|file| file.text.as_ref()).chain(features.iter().map(String::as_str)) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
