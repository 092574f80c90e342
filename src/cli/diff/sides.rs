//! The two sets of policies, and what a log of decisions is tried on.

use super::Arguments;
use crate::check::Check;
use crate::cli::block_on;
use crate::config::Config;
use crate::config::limits::EVALUATED_FILE_BYTES_MAX;
use crate::engine::{Bundle, LoadError, SourceFile, Sources, Validation};
use crate::prove::{Replayed, Sides, World};
use crate::store::{Access, Store};
use indicatif::ProgressBar;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

/// Both sets, as servers would load them.
pub(super) struct Loaded {
    old: (Sources, Arc<Bundle>),
    new: (Sources, Arc<Bundle>),
    old_under_new: Option<Bundle>,
}

impl Loaded {
    pub(super) fn load(config: &Config, arguments: &Arguments) -> miette::Result<Self> {
        let ours = config.sources();
        let with = |policies: &Path, schema: &Option<std::path::PathBuf>| Sources {
            policies: Some(policies.to_owned()),
            schema: schema.clone(),
            features: ours.features.clone(),
        };
        let old_schema = arguments.old_schema.clone().or_else(|| ours.schema.clone());
        let (old, new) = (with(&arguments.old, &old_schema), with(&arguments.new, &ours.schema));
        // As long as nobody says that there are two schemas, there is one.
        let old_under_new = (old.schema != new.schema).then(|| with(&arguments.old, &ours.schema));
        let bundle = |sources: &Sources, which: &str| {
            Bundle::load(sources).map_err(miette::Report::new).wrap_err_with(|| format!("the {which} policies"))
        };
        // Under a schema they were not written for they need not validate: what does not is told where it matters.
        let unvalidated = |sources: &Sources| Bundle::stateless(sources, Validation::EntitiesOnly);
        let old_under_new = old_under_new.as_ref().map(unvalidated).transpose()?;
        let (old_bundle, new_bundle) = (Arc::new(bundle(&old, "old")?), Arc::new(bundle(&new, "new")?));
        Ok(Self { old: (old, old_bundle), new: (new, new_bundle), old_under_new })
    }

    pub(super) fn sides(&self) -> Sides<'_> {
        Sides { old: &self.old.1, new: &self.new.1, old_under_new: self.old_under_new.as_ref() }
    }

    /// Where the old and the new set come from.
    pub(super) fn sources(&self) -> (Sources, Sources) {
        (self.old.0.clone(), self.new.0.clone())
    }

    /// Makes the decisions of a log again.
    pub(super) fn replay(&self, log: &Path, config: &Config, arguments: &Arguments) -> miette::Result<Replayed> {
        let open = || -> io::Result<Box<dyn BufRead>> {
            Ok(if log == Path::new("-") {
                Box::new(BufReader::new(io::stdin()))
            } else {
                Box::new(BufReader::new(File::open(log)?))
            })
        };
        let log = open().into_diagnostic().wrap_err_with(|| format!("cannot read {}", log.display()))?;
        let bar = ProgressBar::new_spinner();
        let replayed = block_on(async {
            match &arguments.entities {
                Some(file) => self.entities(file)?.replay(log, &mut || bar.inc(1)).await.into_diagnostic(),
                None => self.stored(config, log, &bar).await,
            }
        })?;
        bar.finish_and_clear();
        replayed
    }

    fn entities(&self, file: &Path) -> miette::Result<World> {
        let said = || format!("cannot read {}", file.display());
        let mut text = String::new();
        let open = File::open(file).into_diagnostic().wrap_err_with(said)?;
        let read = open.take(EVALUATED_FILE_BYTES_MAX + 1).read_to_string(&mut text);
        if read.into_diagnostic().wrap_err_with(said)? as u64 > EVALUATED_FILE_BYTES_MAX {
            return Err(miette!("{}: it is larger than {EVALUATED_FILE_BYTES_MAX} bytes", said()));
        }
        let file = SourceFile::new(file.display().to_string(), text);
        let over = |sources: &Sources| -> Result<Bundle, LoadError> { Bundle::stateless(sources, Validation::Strict) };
        let (old, new) = (over(&self.old.0)?, over(&self.new.0)?);
        let (before, after) = (old.entities(&file)?, new.entities(&file)?);
        Ok(World::Entities { old: Box::new((old, before)), new: Box::new((new, after)) })
    }

    async fn stored(&self, config: &Config, log: Box<dyn BufRead>, bar: &ProgressBar) -> miette::Result<Replayed> {
        let store = Store::open(&config.database_url(), Access::ReadOnly).await.into_diagnostic()?;
        let check = async |bundle: &Arc<Bundle>| {
            Check::new(store.clone(), Arc::clone(bundle), &config.limits).await.into_diagnostic()
        };
        let world =
            World::Database { old: Box::new(check(&self.old.1).await?), new: Box::new(check(&self.new.1).await?) };
        let replayed = world.replay(log, &mut || bar.inc(1)).await.into_diagnostic();
        store.close().await;
        replayed
    }
}
