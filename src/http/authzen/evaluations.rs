//! `POST /access/v1/evaluations`: several questions, answered from one state.

use super::answer::{Body, Context, Verdict, respond};
use super::evaluation::{ask, decide, detail};
use super::question::{Action, Entity, Parts, Question, object, said};
use super::{read, shown};
use crate::check::{Asked, InForce, RequestRef};
use crate::domain::shape::Fields;
use crate::domain::{Decision, Revision};
use crate::engine::Detail;
use crate::http::access::answer::Decided;
use crate::http::access::freshness::{not_reached, reached, wanted};
use crate::http::auth::Asker;
use crate::http::error::Problem;
use crate::http::{App, json};
use axum::extract::{Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// Several questions; what stands beside them is what each of them is, unless it says otherwise.
#[derive(Debug, Deserialize)]
struct Several<'a> {
    #[serde(default, deserialize_with = "object")]
    subject: Option<Entity>,
    #[serde(default, deserialize_with = "object")]
    action: Option<Action>,
    #[serde(default, deserialize_with = "object")]
    resource: Option<Entity>,
    #[serde(default, deserialize_with = "said")]
    context: Option<Fields>,
    #[serde(borrow, default)]
    evaluations: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "object")]
    options: Option<Options>,
}

/// The same for the document.
#[derive(ToSchema)]
#[schema(as = Evaluations)]
#[expect(dead_code, reason = "describes what `Several` reads")]
struct Described {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
    /// Circumstances of this request alone.
    #[schema(value_type = Option<Object>)]
    context: Option<()>,
    /// None, or none at all: one question, answered as such.
    #[schema(value_type = Option<Vec<Object>>)]
    evaluations: Option<Vec<Question>>,
    options: Option<Options>,
}

/// How the questions are answered.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[schema(as = EvaluationsOptions)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Option<Semantic>,
}

/// Which questions are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String", rename_all = "snake_case")]
enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// Up to the first that is denied.
    DenyOnFirstDeny,
    /// Up to the first that is allowed.
    PermitOnFirstPermit,
}

// Read as a text first: of an enum, a number would not be a mistyped field but no JSON at all.
impl TryFrom<String> for Semantic {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "execute_all" => Ok(Self::ExecuteAll),
            "deny_on_first_deny" => Ok(Self::DenyOnFirstDeny),
            "permit_on_first_permit" => Ok(Self::PermitOnFirstPermit),
            _ => Err("must be `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`"),
        }
    }
}

impl Semantic {
    /// Whether this decision is the last one.
    fn ends(self, decision: Decision) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => decision == Decision::Deny,
            Self::PermitOnFirstPermit => decision == Decision::Allow,
        }
    }
}

/// The decisions, in the order of the questions.
#[derive(Debug, Serialize)]
struct Bodies<'a> {
    evaluations: Vec<Body<'a>>,
}

/// The same for the document: the decisions, or of a single question the decision.
#[derive(ToSchema)]
#[schema(as = EvaluationsDecided)]
#[expect(dead_code, reason = "describes `Bodies`, and the `Body` of a single question")]
struct Answered<'a> {
    #[schema(required = false)]
    evaluations: Vec<Body<'a>>,
    #[schema(required = false)]
    decision: bool,
    #[schema(required = false)]
    context: Context<'a>,
}

/// Answers several questions, as of one revision: all of them, or as many as it takes.
///
/// # Errors
/// 400 for a malformed request; a question of several that is malformed is denied, and says why. 503 where
/// no decision can be made.
#[utoipa::path(post, path = "/access/v1/evaluations", request_body = Described, responses((status = 200, description = "The decisions, or of a single question its decision", body = Answered)))]
pub async fn evaluations(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Asker::of(&app, &parts.extensions)?;
    let (revision_min, shown) = (wanted(&parts.headers)?, shown::wanted(&parts.headers)?);
    let text = read(&app, &parts.headers, body).await?;
    let Several { subject, action, resource, context, evaluations, options } = json::read(&text, &app.limits)?;
    let defaults = Parts { subject, action, resource, context };
    let (questions, count_max) = (evaluations.unwrap_or_default(), app.limits.batch_requests_max);
    if questions.len() > count_max {
        let detail = format!("must hold at most {count_max} evaluations, not {}", questions.len());
        return Err(Problem::malformed("evaluations", detail));
    }
    reached(&app.check, revision_min, &app.limits).await?;
    let (revision, begun) = (app.check.revision(), app.begun());
    if questions.is_empty() {
        return single(&app, &caller, defaults, (revision, revision_min), shown).await;
    }
    let semantic = options.unwrap_or_default().evaluations_semantic.unwrap_or_default();
    let in_force = app.check.in_force();
    let asked = questions.iter().enumerate();
    let asked = asked.map(|(n, question)| question_of((&app, &in_force, &caller), n, question, &defaults));
    let verdicts = decide_all((&app, &in_force), asked.collect(), semantic, detail(&app, shown)).await?;
    let newest = verdicts.iter().map(|verdict| verdict.decided(revision).revision).max().unwrap_or(revision);
    if newest < revision_min {
        return Err(not_reached());
    }
    for verdict in &verdicts {
        verdict.record(begun);
    }
    let evaluations = verdicts.iter().map(|verdict| verdict.body(shown, newest)).collect();
    Ok(respond(&Bodies { evaluations }, Decided { decision: None, revision: newest, cache: None }))
}

/// The answer to a request without a list: that of one question.
async fn single(
    app: &App,
    caller: &Asker,
    question: Parts,
    (revision, revision_min): (Revision, Revision),
    shown: bool,
) -> Result<Response, Problem> {
    let begun = app.begun();
    let verdict = decide(app, caller, question, detail(app, shown)).await?;
    if let Verdict::Failed(problem) = verdict {
        return Err(problem);
    }
    let decided = verdict.decided(revision);
    if decided.revision < revision_min {
        return Err(not_reached());
    }
    verdict.record(begun);
    Ok(respond(&verdict.body(shown, revision), decided))
}

/// One of several questions, or what becomes of it without being asked.
fn question_of(
    (app, in_force, caller): (&App, &InForce, &Asker),
    n: usize,
    question: &RawValue,
    defaults: &Parts,
) -> Result<Asked, Verdict> {
    let located = |problem: Problem| match problem.field.clone() {
        Some(field) => {
            let detail = problem.detail.replacen(&format!("`{field}`"), &format!("`evaluations[{n}].{field}`"), 1);
            Verdict::Failed(Problem { detail, ..problem })
        }
        None => Verdict::Failed(problem),
    };
    let own: Parts = json::read(question.get().as_bytes(), &app.limits).map_err(located)?;
    ask(in_force, caller, own.or(defaults)).map_err(|verdict| match verdict {
        Verdict::Failed(problem) => located(problem),
        verdict => verdict,
    })
}

/// What becomes of the questions, in their order, up to the one that ends it.
async fn decide_all(
    (app, in_force): (&App, &InForce),
    asked: Vec<Result<Asked, Verdict>>,
    semantic: Semantic,
    detail: Detail,
) -> Result<Vec<Verdict>, Problem> {
    let requests: Vec<_> =
        asked.iter().map(|asked| asked.as_ref().ok().map(|asked| RequestRef::from(&asked.request))).collect();
    let turns = app.check.decide_in_turn((in_force, detail), &requests, |decision| semantic.ends(decision)).await?;
    drop(requests);
    let verdicts = asked.into_iter().zip(turns).map(|pair| match pair {
        (Ok(asked), Some(decided)) => Verdict::of(decided, asked),
        (Err(verdict), _) => Ok(verdict),
        // No question goes without its turn.
        (Ok(_), None) => Err(Problem::unavailable("no decision can be made now")),
    });
    verdicts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    #[test]
    fn what_is_wrong_beside_the_list_is_named() {
        let read = |text: &str| {
            let read = json::read::<Several<'_>>(text.as_bytes(), &Limits::default());
            read.map(|_| ()).map_err(|problem| problem.field.unwrap_or(problem.detail))
        };
        assert_eq!(read(r#"{"evaluations":[{},1,"x"],"options":{"evaluations_semantic":"execute_all"}}"#), Ok(()));
        assert_eq!(read(r#"{"evaluations":null,"options":null,"context":null,"more":{}}"#), Ok(()));
        for (text, field) in [
            (r#"{"subject":1,"evaluations":[{}]}"#, "subject"),
            (r#"{"evaluations":[{}],"subject":{"type":"User"}}"#, "subject.id"),
            (r#"{"evaluations":{}}"#, "evaluations"),
            (r#"{"options":"x"}"#, "options"),
            (r#"{"options":["execute_all"]}"#, "options"),
            (r#"{"action":["view"]}"#, "action"),
            (r#"{"options":{"evaluations_semantic":1}}"#, "options.evaluations_semantic"),
            (r#"{"evaluations":[{}],"options":{"evaluations_semantic":"all"}}"#, "options.evaluations_semantic"),
        ] {
            assert_eq!(read(text), Err(field.to_owned()), "{text}");
        }
    }
}
