//! What came of the proofs, as text and as JSON.

use crate::cli::proof::{self, Folder};
use crate::engine::Sources;
use crate::prove::{Checked, Files, Refutation, Verdict};
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// Refutations of one property that are shown in full; the others are one line each.
const SHOWN_IN_FULL_MAX: usize = 1;

/// Everything there is to tell.
pub(super) struct Report {
    pub checked: Vec<Checked>,
    pub folder: Folder,
    pub sources: Sources,
    pub solver: String,
    pub time: Duration,
}

impl Report {
    pub(super) fn text(mut self) -> miette::Result<String> {
        let mut text = String::new();
        let width = self.checked.iter().map(|one| one.name.len()).max().unwrap_or_default();
        for one in std::mem::take(&mut self.checked) {
            let (word, environments, time) = (word(one.verdict()), one.environments, one.time.as_secs_f64());
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{word:<10} {:<width$}  {}", one.name, one.claim);
            let _ = write!(text, "{:<10} {:<width$}  {environments} environments, {time:.2} s", "", "");
            if !one.assumptions.is_empty() {
                let _ = write!(text, ", assuming {}", one.assumptions.join(", "));
            }
            text.push('\n');
            self.refutations(&one, &mut text)?;
            for unproved in &one.unproved {
                let place =
                    unproved.environment.as_ref().map(|environment| format!("{environment}: ")).unwrap_or_default();
                let _ = writeln!(text, "  {place}{}", unproved.why);
            }
            self.checked.push(one);
        }
        text.push_str(&self.sum());
        Ok(text)
    }

    fn refutations(&mut self, one: &Checked, text: &mut String) -> miette::Result<()> {
        for (index, refuted) in one.refuted.iter().enumerate() {
            let _ = writeln!(text, "  {}", refuted.what);
            let (Some((example, _)), Some(files)) = (&refuted.example, self.write(one, refuted)?) else { continue };
            if index < SHOWN_IN_FULL_MAX {
                let _ = writeln!(text, "    request   {}", example.request_json());
                for entity in example.entities.as_array().into_iter().flatten() {
                    let _ = writeln!(text, "    entity    {entity}");
                }
            }
            let Sources { policies, schema, .. } = &self.sources;
            let _ = writeln!(text, "    try it    {}", proof::eval(policies.as_deref(), schema.as_deref(), &files));
        }
        Ok(())
    }

    fn write(&mut self, one: &Checked, refuted: &Refutation) -> miette::Result<Option<Files>> {
        let (Some((example, _)), Some(environment)) = (&refuted.example, &refuted.environment) else { return Ok(None) };
        self.folder.write(example, &one.name, environment).map(Some)
    }

    fn sum(&self) -> String {
        let count = |verdict| self.checked.iter().filter(|one| one.verdict() == verdict).count();
        let (proved, refuted, unproved) = (count(Verdict::Proved), count(Verdict::Refuted), count(Verdict::Unproved));
        let noun = if self.checked.len() == 1 { "property" } else { "properties" };
        let mut text = format!("{} {noun}: {proved} proved", self.checked.len());
        for (count, what) in [(refuted, "refuted"), (unproved, "not proved")] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        let _ = writeln!(text, ", in {:.2} s with {}", self.time.as_secs_f64(), self.solver);
        text
    }

    pub(super) fn json(mut self) -> miette::Result<String> {
        let mut properties = Vec::new();
        for one in std::mem::take(&mut self.checked) {
            let counterexamples =
                one.refuted.iter().map(|refuted| self.refuted(&one, refuted)).collect::<miette::Result<Vec<_>>>()?;
            let unproved = one.unproved.iter().map(|open| json!({"environment": open.environment, "why": open.why}));
            properties.push(json!({
                "name": one.name, "rules": one.rules, "claim": one.claim, "file": one.file,
                "assumptions": one.assumptions, "verdict": word(one.verdict()), "environments": one.environments,
                "milliseconds": milliseconds(one.time), "counterexamples": counterexamples,
                "unproved": unproved.collect::<Vec<_>>(),
            }));
        }
        let report = json!({
            "properties": properties, "solver": self.solver, "milliseconds": milliseconds(self.time),
        });
        Ok(serde_json::to_string_pretty(&report).into_diagnostic()? + "\n")
    }

    fn refuted(&mut self, one: &Checked, refuted: &Refutation) -> miette::Result<Value> {
        let (Some((example, outcome)), Some(files)) = (&refuted.example, self.write(one, refuted)?) else {
            return Ok(json!({"what": refuted.what}));
        };
        Ok(json!({
            "what": refuted.what,
            "environment": refuted.environment,
            "request": example.request_json(),
            "entities": example.entities,
            "decision": outcome.decision,
            "reason": outcome.reasons,
            "errors": outcome.errors,
            "files": files,
        }))
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proved => "proved",
        Verdict::Refuted => "refuted",
        Verdict::Unproved => "not proved",
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
