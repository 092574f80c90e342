//! A decision as the API has it.

use crate::check::{Answer, Asked, CheckError, RequestRef};
use crate::decision_log::Begun;
use crate::domain::{Decision, DecisionRequest, LentError, Revision};
use crate::http::access::answer::Decided;
use crate::http::error::Problem;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use smol_str::SmolStr;
use utoipa::ToSchema;

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decided)]
pub(super) struct Body<'a> {
    /// Whether it is allowed.
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    context: Option<Context<'a>>,
}

/// What an answer rests on, if the request asks for it, and why an evaluation of several failed.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = DecidedContext)]
pub(super) struct Context<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    error: Option<Failure<'a>>,
    /// Ids of the determining policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    reasons: Option<&'a [SmolStr]>,
    /// Policies that could not be evaluated, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    errors: Option<&'a [String]>,
    /// The revision the decision rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Revision, required = false)]
    revision: Option<Revision>,
}

/// Why an evaluation of several failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvaluationFailure)]
struct Failure<'a> {
    /// What it would have been answered by itself.
    #[schema(minimum = 400, maximum = 499)]
    status: u16,
    /// What is wrong with it.
    message: &'a str,
}

/// What became of a question.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It was decided.
    Decided(Answer, Box<DecisionRequest>),
    /// It names what the schema does not have: nobody may do that.
    Unknown,
    /// It is no question. Of several, it is denied with the reason; alone, the request is refused.
    Failed(Problem),
}

impl Verdict {
    /// What the pipeline made of a question.
    ///
    /// # Errors
    /// 503 where no decision can be made.
    pub(super) fn of(decided: Result<Answer, CheckError>, asked: Asked) -> Result<Self, Problem> {
        match decided {
            Ok(answer) => Ok(Self::Decided(answer, Box::new(asked.request))),
            Err(CheckError::NotAllowed(_)) => Ok(Self::Unknown),
            Err(CheckError::Lent(error)) => Ok(Self::Failed(misfit(error, &asked))),
            Err(error) if error.is_of_the_question() => Ok(Self::Failed(error.into())),
            Err(error) => Err(error.into()),
        }
    }

    /// The answer; with its grounds if they are to be `shown`, at a revision that is known to be right for it.
    pub(super) fn body(&self, shown: bool, revision: Revision) -> Body<'_> {
        match self {
            Self::Decided(answer, _) => Body {
                decision: answer.outcome().decision == Decision::Allow,
                context: shown.then(|| Context {
                    reasons: Some(&answer.outcome().reasons),
                    errors: Some(&answer.outcome().errors),
                    revision: Some(answer.revision),
                    error: None,
                }),
            },
            Self::Unknown => Body {
                decision: false,
                context: shown.then_some(Context {
                    reasons: Some(&[]),
                    errors: Some(&[]),
                    revision: Some(revision),
                    error: None,
                }),
            },
            Self::Failed(problem) => {
                let error = Failure { status: problem.status.as_u16(), message: &problem.detail };
                Body { decision: false, context: Some(Context { error: Some(error), ..Context::default() }) }
            }
        }
    }

    /// Leaves it to the decision log, if the policies decided.
    pub(super) fn record(&self, begun: Option<Begun<'_>>) {
        if let (Some(begun), Self::Decided(answer, request)) = (begun, self) {
            begun.answered(&RequestRef::from(&**request), answer);
        }
    }

    /// What the log line says of it.
    pub(super) fn decided(&self, revision: Revision) -> Decided {
        match self {
            Self::Decided(answer, _) => Decided {
                decision: Some(answer.outcome().decision),
                revision: answer.revision,
                cache: Some(answer.cache),
            },
            Self::Unknown | Self::Failed(_) => Decided { decision: None, revision, cache: None },
        }
    }
}

/// What is wrong with the properties of a question, by their place in it.
pub(super) fn misfit(LentError { place, path, detail }: LentError, asked: &Asked) -> Problem {
    let part = asked.told_of.get(place).copied().unwrap_or("resource");
    let field = match path.strip_prefix("attrs.") {
        Some(name) => format!("{part}.properties.{name}"),
        None if path == "parents" => format!("{part}.properties.parent"),
        None => part.to_owned(),
    };
    Problem::malformed(field, detail)
}

/// A JSON answer.
pub(super) fn respond(body: &impl Serialize, decided: Decided) -> Response {
    let mut response = (StatusCode::OK, axum::Json(body)).into_response();
    response.extensions_mut().insert(decided);
    response
}
