//! Policies that decide nothing: they say of others what those may allow.

use super::sources::property_files;
use super::validate::Looking;
use super::{Bundle, LoadError, Naming, Sources};
use std::path::Path;

impl Bundle {
    /// Loads the properties in `folder` (`None`: the built-in ones) under the schema of `sources`. They are never
    /// evaluated for a request, so they may look as far as they like.
    ///
    /// # Errors
    /// [`LoadError`] with every problem of every file at once.
    pub fn claims(folder: Option<&Path>, sources: &Sources) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let schema = sources.schema_files(&mut problems);
        let files = property_files(folder, &mut problems);
        Self::compile(&schema, &files, Naming::Given, &sources.features, Looking::Anywhere, problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn properties_lie_below_the_policies_and_are_none() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let from_folder = Sources { policies: Some(root.join("policies")), ..Sources::default() };
        let (folder, built_in) = (Bundle::load(&from_folder).unwrap(), Bundle::load(&Sources::default()).unwrap());
        assert_eq!(folder.digest(), built_in.digest());
    }

    #[test]
    fn every_property_file_is_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/properties");
        let built_in = Bundle::claims(None, &Sources::default()).unwrap();
        let read = Bundle::claims(Some(&folder), &Sources::default()).unwrap();
        assert_eq!(built_in.digest(), read.digest());
        assert!(fs::read_dir(&folder).unwrap().count() > 10);
        assert!(built_in.warnings().is_empty(), "{:?}", built_in.warnings());
    }
}
