//! From policy files to policies with ids.

use super::diagnostic::Problem;
use super::limits::{BUNDLE_POLICIES_MAX, EXPRESSION_LEVELS_MAX};
use super::nesting::{self, Language};
use super::sources::{MESSAGING, SourceFile};
use cedar_policy_core::ast::{Annotation, AnyId, Effect, Policy, PolicyID};
use cedar_policy_core::parser::{Loc, parse_policyset};
use miette::SourceSpan;
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The requests that are refused before any policy is asked (`context::refuse_negative_size`), as a forbid.
const REFUSED: &str = r#"forbid (principal, action == Action::"add", resource)
when { context has size && context.size < 0 };"#;

/// The requests that are refused before any policy is asked, as a forbid: for proofs, which look at every request.
#[must_use]
pub fn refused_requests() -> Option<cedar_policy::Policy> {
    let id = cedar_policy::PolicyId::new("refused before policies are asked");
    cedar_policy::Policy::parse(Some(id), REFUSED).ok()
}

/// What a policy is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By its `@id`, which it must have.
    Annotated,
    /// By its `@id` if it has one, else by its place.
    Given,
    /// By its place: `policy0`, `policy1`… through all files, as Cedar's own tools do.
    Numbered,
}

/// One policy with what surrounds it in its file.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    /// Unique in the set.
    pub id: SmolStr,
    /// `@rule`, if it has one.
    pub rule: Option<SmolStr>,
    /// The lines of `//` right above it, without the slashes.
    pub comment: String,
    /// Where it stands.
    pub file: Arc<SourceFile>,
    /// From its first annotation to its semicolon.
    pub span: SourceSpan,
    /// The policy itself, under `id`.
    pub policy: Policy,
}

impl Parsed {
    /// The text of the policy, annotations included.
    pub(super) fn text(&self) -> &str {
        let start = self.span.offset();
        self.file.text.get(start..start.saturating_add(self.span.len())).unwrap_or_default()
    }

    /// The line of its file on which it begins, from 1.
    pub(super) fn line(&self) -> usize {
        self.file.position(self.span.offset()).0
    }

    pub(super) fn is_forbid(&self) -> bool {
        self.policy.effect() == Effect::Forbid
    }
}

/// Reads all files; every problem of every file goes to `problems`.
pub(super) fn parse(
    files: &[Arc<SourceFile>],
    naming: Naming,
    features: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) -> Vec<Parsed> {
    let mut policies: Vec<Parsed> = Vec::new();
    for file in files {
        for (policy, loc) in parse_file(file, problems) {
            let numbered = || Some(format_smolstr!("policy{}", policies.len()));
            let id = match naming {
                Naming::Numbered => numbered(),
                Naming::Given => given_id(&policy).or_else(numbered),
                // One without is an error, told here; what else is wrong with it is told too.
                Naming::Annotated => annotated_id(&policy, file, &loc, problems).or_else(numbered),
            };
            policies.extend(id.map(|id| describe(&policy, id, file, &loc)));
        }
    }
    refuse_duplicates(&policies, problems);
    if policies.len() > BUNDLE_POLICIES_MAX {
        let many = format!("there are more than {BUNDLE_POLICIES_MAX} policies");
        problems.push(Problem::error(many).with_code("limit"));
    }
    policies.retain(|policy| is_switched_on(policy, features, problems));
    policies
}

/// The policies of one file in the order in which they stand there.
fn parse_file(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Vec<(Policy, Loc)> {
    if let Some(problem) = nesting::too_deep(file, Language::Policies) {
        problems.push(problem);
        return Vec::new();
    }
    let set = match parse_policyset(&file.text) {
        Ok(set) => set,
        Err(errors) => {
            let told = Problem::from_cedar(&errors, std::slice::from_ref(file));
            problems.extend(told.into_iter().map(|problem| problem.with_code("syntax")));
            return Vec::new();
        }
    };
    for template in set.templates() {
        let problem = Problem::error("a policy with `?principal` or `?resource` is a template")
            .with_code("template")
            .with_help("grants are data: give the right to somebody through the admin API, and let a policy read it");
        problems.push(match template.loc() {
            Some(loc) => problem.at(file, first_line(file, loc)),
            None => problem,
        });
    }
    // The parser gives every policy its place.
    let mut policies: Vec<_> =
        set.static_policies().filter_map(|policy| Some((policy.clone(), policy.loc()?.clone()))).collect();
    policies.sort_by_key(|(_, loc)| loc.start());
    policies.retain(|(policy, loc)| {
        let is_too_deep = policy.non_scope_constraints().is_some_and(nesting::is_too_deep);
        if is_too_deep {
            let problem = Problem::error(format!("this condition has more than {EXPRESSION_LEVELS_MAX} levels"))
                .with_help("each part of a chain such as `a || b || c` is one: write several policies, or name a set");
            problems.push(problem.at(file, first_line(file, loc)));
        }
        !is_too_deep
    });
    policies
}

fn annotated_id(policy: &Policy, file: &Arc<SourceFile>, loc: &Loc, problems: &mut Vec<Problem>) -> Option<SmolStr> {
    let id = given_id(policy);
    if id.is_none() {
        let problem = Problem::error("this policy has no `@id`")
            .with_code("missing-id")
            .with_help("decisions, logs and tests name policies by id: write `@id(\"what-it-decides\")` above it");
        problems.push(problem.at(file, first_line(file, loc)));
    }
    id
}

fn given_id(policy: &Policy) -> Option<SmolStr> {
    annotation(policy, "id").map(|id| id.val.clone()).filter(|id| !id.is_empty())
}

fn annotation<'a>(policy: &'a Policy, name: &str) -> Option<&'a Annotation> {
    policy.annotations().find(|(key, _): &(&AnyId, _)| AsRef::<str>::as_ref(*key) == name).map(|(_, value)| value)
}

fn describe(policy: &Policy, id: SmolStr, file: &Arc<SourceFile>, loc: &Loc) -> Parsed {
    Parsed {
        rule: annotation(policy, "rule").map(|rule| rule.val.clone()),
        comment: comment_above(&file.text, loc.start()),
        file: Arc::clone(file),
        span: loc.span,
        policy: policy.new_id(PolicyID::from_smolstr(id.clone())),
        id,
    }
}

fn comment_above(text: &str, start: usize) -> String {
    let above = text.get(..start).unwrap_or_default();
    let mut lines: Vec<_> =
        above.lines().rev().map_while(|line| line.trim().strip_prefix("//").map(str::trim)).collect();
    lines.reverse();
    lines.join(" ")
}

fn refuse_duplicates(policies: &[Parsed], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<&str, &Parsed> = HashMap::new();
    for policy in policies {
        let Some(first) = seen.insert(&policy.id, policy) else { continue };
        let message = format!("the policy id `{}` is used twice: in {}:{}", policy.id, first.file.name, first.line());
        let message = format!("{message} and in {}:{}", policy.file.name, policy.line());
        let span = annotation(&policy.policy, "id").and_then(|id| id.loc.as_ref()).map_or(policy.span, |loc| loc.span);
        problems.push(Problem::error(message).with_code("duplicate-id").at(&policy.file, span));
    }
}

/// A warning for each policy that names no rule: `validate` alone asks for it, as a host may have no rules.
pub(super) fn without_rule(policies: &[Parsed]) -> impl Iterator<Item = Problem> {
    policies.iter().filter(|policy| policy.rule.is_none()).map(|policy| {
        let start = policy.span.offset();
        let length = policy.text().lines().next().map_or(0, str::len);
        Problem::warning(format!("the policy `{}` has no `@rule`", policy.id))
            .with_code("missing-rule")
            .with_help("say which written rule it follows, as `@rule(\"D4\")`: answers and tests report it")
            .at(&policy.file, (start, length).into())
    })
}

/// Whether the deployment wants the policy; one that names no feature is always wanted.
fn is_switched_on(policy: &Parsed, features: &BTreeSet<String>, problems: &mut Vec<Problem>) -> bool {
    let Some(feature) = annotation(&policy.policy, "feature") else { return true };
    let on = features.contains(feature.val.as_str());
    if !on && feature.val != MESSAGING {
        // A misspelt feature would silently drop a forbid.
        let message = format!("the policy `{}` is left out: the feature `{}` is not on", policy.id, feature.val);
        let span = feature.loc.as_ref().map_or(policy.span, |loc| loc.span);
        problems.push(Problem::warning(message).with_code("feature-off").at(&policy.file, span));
    }
    on
}

/// Where a policy begins: a caret under all its lines would say less.
fn first_line(file: &SourceFile, loc: &Loc) -> SourceSpan {
    let text = file.text.get(loc.start()..loc.end()).unwrap_or_default();
    let length = text.lines().next().map_or(0, str::len);
    SourceSpan::from((loc.start(), length))
}
