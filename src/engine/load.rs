//! From files to a bundle: all or nothing, every problem at once.

use super::index::{self, Index};
use super::parse::{self, Parsed};
use super::validate::Looking;
use super::{
    Bundle, ErrorRule, LoadError, Naming, Problem, ReadSources, SourceFile, Sources, limits, schema, validate,
};
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
        Self::of(sources.read())
    }

    /// The same for files that were read.
    ///
    /// # Errors
    /// [`LoadError`] with every problem of every file at once.
    pub fn of(read: ReadSources) -> Result<Self, LoadError> {
        let ReadSources { schema, policies, mut problems, features } = read;
        problems.extend(policies.iter().filter(|file| is_without_policy(file)).map(|file| {
            Problem::error(format!("{} holds no policy", file.name))
                .with_help("a file that is just being written looks like this; remove it if it shall hold none")
        }));
        let looking = Looking::UpToALevel;
        let bundle = Self::compile(&schema, &policies, Naming::Annotated, &features, looking, problems)?;
        if bundle.policies.is_empty() {
            let nothing = Problem::error("no policy is in force").with_code("no-policy");
            let nothing = nothing.with_help("without policies everything is denied");
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
        // Held against half a schema, policies would have mistakes that they do not have.
        let is_whole = problems.is_empty() || !schema_files.is_empty();
        let policies = parse::parse(policy_files, naming, features, &mut problems);
        let schema = schema::load(schema_files, &mut problems);
        let Some(schema) = schema.filter(|_| is_whole) else { return Err(LoadError::new(problems)) };
        let levels = validate::validate(&schema, &policies, looking, &mut problems);
        let actions = action_entities(&schema, &mut problems);
        if problems.iter().any(Problem::is_error) {
            return Err(LoadError::new(problems));
        }
        Problem::sort(&mut problems);
        let index = index::build(&schema, &policies, &levels, &actions);
        let digests = Digests::of(schema_files, policy_files, features);
        Ok(Self { actions, warnings: problems, ..Self::new(Some(schema), policies, index, digests) })
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
        let digests = Digests::of(schema, policies, features);
        Ok(Self { actions, warnings: problems, ..Self::new(loaded, parsed, index, digests) })
    }

    fn new(schema: Option<Schema>, policies: Vec<Parsed>, index: Index, digests: Digests) -> Self {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let mut set = PolicySet::new();
        for policy in &policies {
            // Ids are unique here: duplicates are errors.
            let _ = set.add(policy.policy.clone());
        }
        let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        let model = Arc::new(schema.as_ref().map_or_else(EntityModel::empty, EntityModel::of));
        let (actions, warnings, error_rule) = (Vec::new(), Vec::new(), ErrorRule::default());
        let (set, Digests { whole: digest, schema: schema_digest }) = (set.into(), digests);
        Self { schema, policies, set, index, actions, model, warnings, error_rule, generation, digest, schema_digest }
    }
}

/// Whether there are at most comments in a file: cut off before its first policy, say. Passed over, what stood in it
/// would no longer hold.
fn is_without_policy(file: &SourceFile) -> bool {
    file.text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with("//"))
}

/// By which sets are told from each other.
struct Digests {
    whole: Arc<str>,
    schema: Arc<str>,
}

impl Digests {
    fn of(schema: &[Arc<SourceFile>], policies: &[Arc<SourceFile>], features: &BTreeSet<String>) -> Self {
        let whole = digest(schema.iter().chain(policies), features).into();
        Self { whole, schema: digest(schema.iter(), &BTreeSet::new()).into() }
    }
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
