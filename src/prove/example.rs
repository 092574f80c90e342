//! A request with its entities, as files that `conclave eval` takes.

use super::environment::Environment;
use crate::domain::{Context, DecisionRequest, EntityUid, Lent, Outcome};
use crate::engine::{Bundle, SourceFile};
use cedar_policy_symcc::Env;
use serde::Serialize;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A question and everything there is in its world.
#[derive(Debug, Clone)]
pub struct Example {
    /// The question.
    pub request: DecisionRequest,
    /// The entities, in Cedar's JSON form.
    pub entities: Value,
}

/// Where an example was written.
#[derive(Debug, Clone, Serialize)]
pub struct Files {
    /// What `--entities` takes.
    pub entities: PathBuf,
    /// What `--requests` takes: an array of the one request.
    pub requests: PathBuf,
}

impl Example {
    /// What the solver found.
    pub(super) fn of(found: &Env) -> Result<Self, String> {
        let request = &found.request;
        let uid = |uid: Option<&cedar_policy::EntityUid>| {
            let uid = uid.ok_or("it names no principal, action or resource")?;
            Ok::<_, String>(EntityUid::new(uid.type_name().to_string(), uid.id().unescaped()))
        };
        let context = match request.context() {
            Some(context) => context.to_json_value().map_err(|error| error.to_string())?,
            None => json!({}),
        };
        let context: Context = serde_json::from_value(context).map_err(|error| error.to_string())?;
        let (principal, action, resource) =
            (uid(request.principal())?, uid(request.action())?, uid(request.resource())?);
        // The schema brings its actions itself.
        let entities = found.entities.iter().filter(|entity| entity.uid().type_name().basename() != "Action");
        let mut entities: Vec<_> = entities.collect();
        entities.sort_by_cached_key(|entity| entity.uid().to_string());
        let json = |entity: &cedar_policy::Entity| entity.to_json_value().map_err(|error| error.to_string());
        let entities = Value::Array(entities.into_iter().map(json).collect::<Result<_, _>>()?);
        let request = DecisionRequest { principal, action, resource, context, lent: Lent::nothing() };
        Ok(Self { request, entities })
    }

    /// What a set of policies says of it.
    pub(super) fn decide(&self, bundle: &Bundle) -> Result<Outcome, String> {
        let file = SourceFile::new("the example", self.entities.to_string());
        let entities = bundle.entities(&file).map_err(|error| error.to_string())?;
        bundle.decide(&self.request, &entities).map_err(|error| error.to_string())
    }

    /// The request as `conclave eval` takes it.
    #[must_use]
    pub fn request_json(&self) -> Value {
        let DecisionRequest { principal, action, resource, context, .. } = &self.request;
        json!({
            "principal": principal.to_string(), "action": action.to_string(), "resource": resource.to_string(),
            "context": context,
        })
    }

    /// Writes it into `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<Files> {
        fs::create_dir_all(folder)?;
        let path = |kind: &str| folder.join(format!("{}.{kind}.json", file_name(name)));
        let files = Files { entities: path("entities"), requests: path("requests") };
        fs::write(&files.entities, format!("{:#}\n", self.entities))?;
        fs::write(&files.requests, format!("{:#}\n", json!([self.request_json()])))?;
        Ok(files)
    }
}

/// A name that is a file's on every system: names of types and actions may have any character.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

impl Environment {
    /// What an example of it is called: `S2.User.view.Item`.
    #[must_use]
    pub fn example_name(&self, of: &str) -> String {
        format!("{of}.{}.{}.{}", self.principal, self.action_name(), self.resource)
    }
}
