//! `POST /access/v1/evaluation`: one question, one decision.

use super::answer::{Verdict, respond};
use super::question::{Parts, Question};
use super::{read, shown};
use crate::check::{Asked, InForce, RequestRef, ToldError};
use crate::engine::Detail;
use crate::http::access::freshness::{not_reached, reached, wanted};
use crate::http::auth::Asker;
use crate::http::error::Problem;
use crate::http::{App, json};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Answers whether a subject may do an action on a resource.
///
/// # Errors
/// 400 for a malformed question, or one that tells what does not fit the schema; 503 where no decision can
/// be made. A type or an action that the schema does not have is a `false`.
#[utoipa::path(post, path = "/access/v1/evaluation", request_body = Question, responses((status = 200, description = "The decision", body = super::answer::Body)))]
pub async fn evaluation(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Asker::of(&app, &parts.extensions)?;
    let (revision_min, shown) = (wanted(&parts.headers)?, shown::wanted(&parts.headers)?);
    let text = read(&app, &parts.headers, body).await?;
    let question: Parts = json::read(&text, &app.limits)?;
    reached(&app.check, revision_min, &app.limits).await?;
    // Also right for what needs no state to be decided.
    let (revision, begun) = (app.check.revision(), app.begun());
    let verdict = decide(&app, &caller, question, detail(&app, shown)).await?;
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

/// What becomes of one question.
///
/// # Errors
/// 503 where no decision can be made.
pub(super) async fn decide(app: &App, caller: &Asker, question: Parts, detail: Detail) -> Result<Verdict, Problem> {
    let in_force = app.check.in_force();
    match ask(&in_force, caller, question) {
        Ok(asked) => {
            let decided = app.check.decide_in(&in_force, detail, &RequestRef::from(&asked.request)).await;
            Verdict::of(decided, asked)
        }
        Err(verdict) => Ok(verdict),
    }
}

/// How much is to be decided: the decision log tells all policies, whether or not the answer does.
pub(super) const fn detail(app: &App, shown: bool) -> Detail {
    shown::detail(shown || app.recorder.is_some())
}

/// The question for the pipeline, as the schema in force knows it, or what becomes of it without.
pub(super) fn ask(in_force: &InForce, caller: &Asker, question: Parts) -> Result<Asked, Verdict> {
    let told = question.told(caller).map_err(Verdict::Failed)?.ok_or(Verdict::Unknown)?;
    in_force.asked(told).map_err(|error| match error {
        ToldError::NotAllowed(_) => Verdict::Unknown,
        ToldError::Misfit(misfit) => Verdict::Failed(Problem::malformed(misfit.path, misfit.detail)),
    })
}
