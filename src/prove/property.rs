//! What is to be proved: a file of Cedar policies for each property.

use crate::engine::{Bundle, PolicyInfo};
use cedar_policy::{Effect, Policy, PolicyId};
use miette::Diagnostic;
use std::collections::BTreeMap;
use thiserror::Error;

/// A claim about policies: a set of policies to hold them against.
#[derive(Debug, Clone)]
pub struct Property {
    /// The name of its file, without the ending.
    pub name: String,
    /// The rules it is about, as `@rule` lists them.
    pub rules: Vec<String>,
    /// The comment above its first policy: what it says, in a sentence.
    pub claim: String,
    /// Its file.
    pub file: String,
    /// Which of the two sets must allow more.
    pub direction: Direction,
    /// The policies that say it.
    pub(super) policies: Vec<Policy>,
    /// What is taken for granted: forbids of what never occurs.
    pub(super) assumptions: Vec<Policy>,
}

/// Which of the two sets must allow more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Whatever the policies allow, the property allows: it says what nobody may.
    #[default]
    AtMost,
    /// Whatever the property allows, the policies allow: it says what somebody may.
    AtLeast,
}

/// A file of properties does not say what it must.
#[derive(Debug, Error, Diagnostic)]
#[error("{file}:{line}: {what}")]
pub struct PropertyError {
    file: String,
    line: usize,
    what: String,
}

impl PropertyError {
    fn at(info: &PolicyInfo<'_>, what: impl Into<String>) -> Self {
        Self { file: info.file.to_owned(), line: info.line, what: what.into() }
    }
}

impl Property {
    /// The properties of a loaded set, in the order of their files.
    ///
    /// # Errors
    /// [`PropertyError`] names the file and the line that say nothing that can be proved.
    pub fn all(claims: &Bundle) -> Result<Vec<Self>, PropertyError> {
        let found = claims.policies().filter_map(|info| {
            let policy = claims.policy_set().policy(&PolicyId::new(info.id))?;
            Some((info, policy))
        });
        let (assumptions, said): (Vec<_>, Vec<_>) =
            found.partition(|(_, policy)| policy.annotation("assumption").is_some());
        for (info, policy) in &assumptions {
            check_assumption(info, policy)?;
        }
        let assumptions: BTreeMap<&str, &Policy> =
            assumptions.iter().map(|(info, policy)| (info.id, *policy)).collect();
        let mut properties: Vec<Self> = Vec::new();
        for (info, policy) in &said {
            match properties.iter_mut().find(|property| property.file == info.file) {
                Some(property) => property.add(info, policy, &assumptions)?,
                None => properties.push(Self::begun(info, policy, &assumptions)?),
            }
        }
        Ok(properties)
    }

    fn begun(
        info: &PolicyInfo<'_>,
        policy: &Policy,
        assumptions: &BTreeMap<&str, &Policy>,
    ) -> Result<Self, PropertyError> {
        let name = std::path::Path::new(info.file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut property = Self {
            name,
            rules: Vec::new(),
            claim: info.comment.to_owned(),
            file: info.file.to_owned(),
            direction: direction(info, policy)?.unwrap_or_default(),
            policies: Vec::new(),
            assumptions: Vec::new(),
        };
        property.add(info, policy, assumptions)?;
        Ok(property)
    }

    fn add(
        &mut self,
        info: &PolicyInfo<'_>,
        policy: &Policy,
        assumptions: &BTreeMap<&str, &Policy>,
    ) -> Result<(), PropertyError> {
        if direction(info, policy)?.is_some_and(|direction| direction != self.direction) {
            return Err(PropertyError::at(info, "all policies of a property have the `@direction` of the first"));
        }
        self.rules.extend(listed(info.rule.unwrap_or_default()).map(str::to_owned));
        self.rules.dedup();
        for name in listed(policy.annotation("assuming").unwrap_or_default()) {
            let Some(assumption) = assumptions.get(name) else {
                return Err(PropertyError::at(info, format!("there is no `@assumption` with the id `{name}`")));
            };
            if !self.assumptions.contains(assumption) {
                self.assumptions.push((*assumption).clone());
            }
        }
        self.policies.push(policy.clone());
        Ok(())
    }

    /// The ids of what it takes for granted.
    pub fn assumptions(&self) -> impl Iterator<Item = &str> {
        self.assumptions.iter().map(|policy| policy.annotation("id").unwrap_or_default())
    }
}

fn listed(names: &str) -> impl Iterator<Item = &str> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn direction(info: &PolicyInfo<'_>, policy: &Policy) -> Result<Option<Direction>, PropertyError> {
    match policy.annotation("direction") {
        None => Ok(None),
        Some("at most") => Ok(Some(Direction::AtMost)),
        Some("at least") => Ok(Some(Direction::AtLeast)),
        Some(other) => {
            Err(PropertyError::at(info, format!("`@direction` is \"at most\" or \"at least\", not \"{other}\"")))
        }
    }
}

/// A permit would take nothing for granted, and one without an id could not be named.
fn check_assumption(info: &PolicyInfo<'_>, policy: &Policy) -> Result<(), PropertyError> {
    if policy.effect() != Effect::Forbid {
        return Err(PropertyError::at(info, "an `@assumption` is a forbid of what never occurs"));
    }
    if policy.annotation("id").is_none() {
        return Err(PropertyError::at(info, "an `@assumption` needs an `@id`, by which properties name it"));
    }
    if policy.annotation("assumption").is_none_or(|why| why.trim().is_empty()) {
        return Err(PropertyError::at(info, "an `@assumption` says what keeps it so"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Sources;
    use std::fs;
    use tempfile::TempDir;

    const ASSUMPTION: &str =
        "@id(\"a\") @assumption(\"a CHECK\") forbid (principal, action, resource is Tool) when { resource has quota };";

    fn read(files: &[(&str, &str)]) -> Result<Vec<Property>, PropertyError> {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Property::all(&Bundle::claims(Some(folder.path()), &Sources::default()).unwrap())
    }

    #[test]
    fn the_built_in_properties_cover_the_rules_that_policies_keep() {
        let built_in = Property::all(&Bundle::claims(None, &Sources::default()).unwrap()).unwrap();
        for rule in ["S2", "S4", "M4", "D4", "D5", "D7", "A8", "C4", "F2", "P6"] {
            assert!(built_in.iter().any(|property| property.rules.iter().any(|named| named == rule)), "{rule}");
        }
        for property in &built_in {
            assert!(property.claim.ends_with('.') && !property.rules.is_empty(), "{property:?}");
        }
        let assuming: Vec<_> = built_in.iter().filter(|property| property.assumptions().count() > 0).collect();
        let mut names: Vec<_> = assuming.iter().map(|property| property.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["D5-managers", "S2-everyone"], "all others hold of whatever entities there are");
    }

    #[test]
    fn a_file_is_a_property_and_names_what_it_assumes() {
        let text = "// Nobody views.\n@rule(\"X1, X2\") @assuming(\"a\") @direction(\"at least\")\n\
                    permit (principal, action == Action::\"view\", resource) when { false };\n\
                    @rule(\"X2\") permit (principal, action == Action::\"edit\", resource);";
        let properties = read(&[("mine.cedar", text), ("assumed.cedar", ASSUMPTION)]).unwrap();
        let [property] = properties.as_slice() else { panic!("{properties:?}") };
        assert_eq!((property.name.as_str(), property.claim.as_str()), ("mine", "Nobody views."));
        assert_eq!(property.rules, ["X1", "X2"]);
        assert_eq!(property.assumptions().collect::<Vec<_>>(), ["a"]);
        assert_eq!((property.direction, property.policies.len()), (Direction::AtLeast, 2));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        let refused = [
            ("@assuming(\"b\") permit (principal, action, resource);", "no `@assumption` with the id `b`"),
            ("@direction(\"most\") permit (principal, action, resource);", "\"at most\" or \"at least\""),
            ("@id(\"x\") @assumption(\"so\") permit (principal, action, resource);", "is a forbid"),
            ("@assumption(\"so\") forbid (principal, action, resource);", "needs an `@id`"),
            ("@id(\"x\") @assumption forbid (principal, action, resource);", "what keeps it so"),
            (
                "permit (principal, action, resource);\n@direction(\"at least\") permit (principal, action, resource);",
                "2: all policies of a property",
            ),
        ];
        for (text, expected) in refused {
            let error = read(&[("p.cedar", text)]).unwrap_err().to_string();
            assert!(error.contains("p.cedar:") && error.contains(expected), "{error}");
        }
    }
}
