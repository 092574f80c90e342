//! What came of a comparison: as text, as JSON, as Markdown.

mod json;
mod markdown;
mod text;

use crate::cli::proof::{self, Folder};
use crate::engine::Sources;
use crate::prove::{Change, Changed, Difference, Environment, Files, KnownTo, Replayed, Row};

/// Everything there is to tell.
pub(super) struct Report {
    pub rows: Vec<Row>,
    pub replayed: Option<Replayed>,
    pub folder: Folder,
    pub sources: (Sources, Sources),
}

/// What is newly allowed or denied somewhere, and the files of the example.
struct Told<'a> {
    environment: &'a Environment,
    is_allowed: bool,
    difference: &'a Difference,
    files: Files,
}

impl Report {
    /// How many environments became what.
    fn count(&self, change: Change) -> usize {
        self.rows.iter().filter(|row| row.change() == change).count()
    }

    fn changed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.change() != Change::Equivalent)
    }
}

/// Writes the examples of a row.
fn told<'a>(row: &'a Row, folder: &mut Folder) -> miette::Result<Vec<Told<'a>>> {
    let both = [(true, &row.newly_allowed, "newly-allowed"), (false, &row.newly_denied, "newly-denied")];
    let both = both.into_iter().filter_map(|(is_allowed, found, name)| Some((is_allowed, found.as_ref()?, name)));
    both.map(|(is_allowed, difference, name)| {
        let files = folder.write(&difference.example, name, &row.environment)?;
        Ok(Told { environment: &row.environment, is_allowed, difference, files })
    })
    .collect()
}

impl Told<'_> {
    const fn word(&self) -> &'static str {
        if self.is_allowed { "newly allowed" } else { "newly denied" }
    }

    /// `User::"a" view Item::"b", by author-edit`: the policies are those that allow, before or after.
    fn sentence(&self) -> String {
        let request = &self.difference.example.request;
        let allowing = if self.is_allowed { &self.difference.new } else { &self.difference.old };
        let denying = if self.is_allowed { &self.difference.old } else { &self.difference.new };
        let listed = |outcome: &Option<crate::domain::Outcome>| {
            outcome.as_ref().map(|outcome| outcome.reasons.join(", ")).filter(|reasons| !reasons.is_empty())
        };
        let allowed = listed(allowing).map(|by| format!(", allowed by {by}")).unwrap_or_default();
        let denied = listed(denying).map(|by| format!(", denied by {by}")).unwrap_or_default();
        format!("{} {} {}{allowed}{denied}", request.principal, self.environment.action_name(), request.resource)
    }

    /// The commands that decide the example by the old and by the new policies.
    fn commands(&self, (old, new): &(Sources, Sources)) -> Vec<(&'static str, String)> {
        let eval = |sources: &Sources| proof::eval(sources.policies.as_deref(), sources.schema.as_deref(), &self.files);
        let mut commands = Vec::new();
        if self.difference.old.is_some() {
            // Under the new schema where both have it, as it was compared.
            let schema = if self.difference.new.is_some() { new.schema.clone() } else { old.schema.clone() };
            commands.push(("old", eval(&Sources { schema, ..old.clone() })));
        }
        if self.difference.new.is_some() {
            commands.push(("new", eval(new)));
        }
        commands
    }
}

const fn change(change: Change) -> &'static str {
    match change {
        Change::Equivalent => "equivalent",
        Change::MorePermissive => "more permissive",
        Change::LessPermissive => "less permissive",
        Change::Both => "both more and less permissive",
        Change::Unproved => "not proved",
    }
}

/// What there is to say of an environment that only one schema has.
const fn only(known_to: KnownTo) -> &'static str {
    match known_to {
        KnownTo::Both => "",
        KnownTo::Old => " (only the old schema has it)",
        KnownTo::New => " (only the new schema has it)",
    }
}

/// `Deny → Allow User::"a" view Item::"b"`
fn replayed_line(changed: &Changed) -> String {
    let Changed { request, old, new, .. } = changed;
    let by = if new.1.is_empty() { &old.1 } else { &new.1 };
    let by = if by.is_empty() { String::new() } else { format!(", by {}", by.join(", ")) };
    let (old, new) = (old.0.name(), new.0.name());
    format!("{old} → {new}: {} {} {}{by}", request.principal, request.action, request.resource)
}
