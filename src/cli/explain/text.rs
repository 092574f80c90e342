//! An explanation as a person reads it in a terminal.

use crate::check::Explained;
use crate::domain::{Decision, DecisionRequest, Grantee};
use crate::engine::explain::{Condition, ExplainedPolicy, Explanation, Place, Seen, Verdict};
use crate::http::access::explain::reason;
use crate::texts::Language;
use std::fmt::Write as _;

/// All of it.
pub(super) fn text(question: &DecisionRequest, explained: &Explained) -> String {
    let Explained { outcome, explanation, revision, .. } = explained;
    let mut out = String::new();
    let word = match outcome.decision {
        Decision::Allow => "ALLOW",
        Decision::Deny => "DENY",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{word}\n{}", reason(question, explained, Language::English));
    let DecisionRequest { principal, action, resource, .. } = question;
    let _ = writeln!(out, "\n{principal} {action} {resource}, at revision {revision}");
    for uid in &explanation.not_stored {
        let _ = writeln!(out, "  {uid} is not stored");
    }
    circumstances(&mut out, explanation);
    policies(&mut out, "Decided by:", &explanation.determining, true);
    policies(&mut out, "Could not be evaluated:", &explanation.failed, true);
    policies(&mut out, "These would permit it, the closest first:", &explanation.closest, false);
    if !explanation.would_allow.is_empty() {
        let _ = writeln!(out, "\nAny of these would allow it:");
    }
    for suggestion in &explanation.would_allow {
        let _ = writeln!(out, "  - {}\n    (by {})", suggestion.text, suggestion.by.join(", "));
    }
    out
}

/// Where the principal belongs, and where the resource lies.
fn circumstances(out: &mut String, explanation: &Explanation) {
    if explanation.not_stored.is_empty() && explanation.groups.is_empty() {
        let _ = writeln!(out, "  in no group");
    }
    for membership in &explanation.groups {
        let _ = writeln!(out, "  in the group `{}` as {}", membership.group, membership.role.name());
    }
    for (depth, place) in explanation.chain.iter().enumerate() {
        let lies_in = if depth == 0 { "about" } else { "which lies in" };
        let _ = writeln!(out, "  {lies_in} {}{}", place.resource, grants(place));
    }
}

fn grants(place: &Place) -> String {
    let told = place.grants.iter().map(|grant| match &grant.to {
        Grantee::User(user) => format!("`{}` to `{user}`", grant.right),
        Grantee::Group(group) => format!("`{}` to everyone in `{group}`", grant.right),
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { String::new() } else { format!(", granted {}", told.join(", ")) }
}

fn policies(out: &mut String, title: &str, policies: &[ExplainedPolicy], is_whole: bool) {
    if policies.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for policy in policies {
        let rule = policy.rule.as_ref().map(|rule| format!(" (rule {rule})")).unwrap_or_default();
        let place = format!("{}:{}-{}", policy.file, policy.line, policy.last_line);
        let _ = writeln!(out, "  {}{rule}, {place}\n    {}", policy.id, policy.comment);
        if is_whole {
            for line in policy.text.lines() {
                let _ = writeln!(out, "    | {line}");
            }
        }
        policy.conditions.iter().for_each(|one| condition(out, one));
        for stated in policy.facts.iter().filter(|_| is_whole) {
            let _ = writeln!(out, "    as {}", stated.text);
        }
    }
}

fn condition(out: &mut String, condition: &Condition) {
    let result = match condition.result {
        Verdict::Holds => "holds",
        Verdict::Fails => "FAILS",
        Verdict::Error => "ERROR",
        Verdict::NotReached => "-    ",
    };
    let _ = writeln!(out, "    {result}  {}", condition.text);
    if condition.result == Verdict::Holds {
        return;
    }
    for Seen { path, value, inside } in &condition.values {
        let value = value.as_deref().unwrap_or("nothing");
        let inside = inside.as_ref().map(|inside| format!(", in {}", listed(inside))).unwrap_or_default();
        let _ = writeln!(out, "           {path} is {value}{inside}");
    }
    for why in condition.error.iter().chain(condition.missing.iter().map(|missing| &missing.text)) {
        let _ = writeln!(out, "           {why}");
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
