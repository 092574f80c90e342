//! Decisions that were really asked for, made again by the old policies and by the new ones.

use super::limits::{CHANGES_TOLD_MAX, LOG_LINE_BYTES_MAX, REPLAY_TRIES_MAX, UNUSABLE_TOLD_MAX};
use crate::check::{Check, CheckError, RequestRef};
use crate::domain::entity::reference;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent, Revision};
use crate::engine::{AllEntities, Bundle};
use serde::Deserialize;
use smol_str::SmolStr;
use std::io::{self, BufRead, Read as _};
use thiserror::Error;

/// What a line of the log says; it says more, which nothing here rests on.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    decision_id: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(deserialize_with = "reference")]
    principal: EntityUid,
    #[serde(deserialize_with = "reference")]
    action: EntityUid,
    #[serde(deserialize_with = "reference")]
    resource: EntityUid,
    #[serde(default)]
    context: Option<Context>,
    #[serde(default)]
    decision: Option<Decision>,
    /// Whether it rested on facts of its own, which no log holds.
    #[serde(default)]
    lent: bool,
}

/// The state that the decisions are made over.
#[derive(Debug)]
pub enum World {
    /// Everything a database holds now, once for each set of policies.
    Database {
        /// Decides by the old policies.
        old: Box<Check>,
        /// Decides by the new ones.
        new: Box<Check>,
    },
    /// Entities from a file, read once for each set of policies.
    Entities {
        /// By the old schema.
        old: Box<(Bundle, AllEntities)>,
        /// By the new one.
        new: Box<(Bundle, AllEntities)>,
    },
}

/// What came of a log.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// Decisions that were made again.
    pub decisions: u64,
    /// Of them, those that were denied and are allowed now.
    pub newly_allowed: u64,
    /// Of them, those that were allowed and are denied now.
    pub newly_denied: u64,
    /// Of them, those that the old policies answer otherwise than the log says: facts have changed since, or the
    /// policies had.
    pub otherwise_logged: u64,
    /// The first decisions that change.
    pub changed: Vec<Changed>,
    /// Lines that could not be used.
    pub unusable: u64,
    /// The first of them and why.
    pub unusable_lines: Vec<(u64, String)>,
}

/// A decision that changes.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Its line in the log, from 1.
    pub line: u64,
    /// The id it was given.
    pub decision_id: Option<String>,
    /// When it was made.
    pub timestamp: Option<String>,
    /// What was asked.
    pub request: DecisionRequest,
    /// What was answered.
    pub logged: Option<Decision>,
    /// What the old policies say now, and which determine it.
    pub old: (Decision, Vec<SmolStr>),
    /// What the new policies say now, and which determine it.
    pub new: (Decision, Vec<SmolStr>),
}

/// Why a log could not be gone through.
#[derive(Debug, Error)]
pub enum LogError {
    /// It cannot be read.
    #[error("the log cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The state cannot.
    #[error("line {line}: no decision could be made: {source}")]
    Undecided {
        /// The line, from 1.
        line: u64,
        /// Why.
        source: CheckError,
    },
    /// Somebody writes faster than decisions can be made twice.
    #[error("line {0}: the database changes faster than it can be asked twice; stop what writes to it, or copy it")]
    Unsettled(u64),
}

/// What one set of policies says, and of which state; the error is why it does not allow the question.
type Said = (Result<(Decision, Vec<SmolStr>), String>, Option<Revision>);

impl World {
    /// Makes every decision of a log again. `progress` is called after each line.
    ///
    /// # Errors
    /// [`LogError`] if the log or the state cannot be read. A line that cannot be used is no error but counted.
    pub async fn replay(&self, mut log: impl BufRead, progress: &mut dyn FnMut()) -> Result<Replayed, LogError> {
        let (mut replayed, mut number) = (Replayed::default(), 0);
        while let Some(line) = line(&mut log)? {
            number += 1;
            progress();
            if line.as_ref().is_ok_and(|text| text.trim().is_empty()) {
                continue;
            }
            let entry = line.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
            let unusable = match entry {
                Ok(entry) => self.again(number, entry, &mut replayed).await?.err(),
                Err(why) => Some(why),
            };
            if let Some(why) = unusable {
                replayed.unusable += 1;
                if replayed.unusable_lines.len() < UNUSABLE_TOLD_MAX {
                    replayed.unusable_lines.push((number, why));
                }
            }
        }
        Ok(replayed)
    }

    /// Makes one decision again; the inner error is why it cannot be.
    async fn again(&self, line: u64, entry: Entry, replayed: &mut Replayed) -> Result<Result<(), String>, LogError> {
        let Entry { decision_id, timestamp, principal, action, resource, context, decision: logged, lent } = entry;
        if lent {
            return Ok(Err("rests on facts that the request lent".to_owned()));
        }
        let context = context.unwrap_or_default();
        let request = DecisionRequest { principal, action, resource, context, lent: Lent::nothing() };
        let (old, new) = match self.both(line, &request).await? {
            // What one of the schemas does not know is nothing that its policies allow.
            (Err(why), Err(_)) => return Ok(Err(why)),
            (old, new) => (old.unwrap_or(DENIED), new.unwrap_or(DENIED)),
        };
        replayed.decisions += 1;
        replayed.otherwise_logged += u64::from(logged.is_some_and(|logged| logged != old.0));
        match (old.0, new.0) {
            (Decision::Deny, Decision::Allow) => replayed.newly_allowed += 1,
            (Decision::Allow, Decision::Deny) => replayed.newly_denied += 1,
            (Decision::Allow, Decision::Allow) | (Decision::Deny, Decision::Deny) => return Ok(Ok(())),
        }
        if replayed.changed.len() < CHANGES_TOLD_MAX {
            replayed.changed.push(Changed { line, decision_id, timestamp, request, logged, old, new });
        }
        Ok(Ok(()))
    }

    /// What both say of one state.
    async fn both(&self, line: u64, request: &DecisionRequest) -> Result<(Answer, Answer), LogError> {
        let undecided = |source| LogError::Undecided { line, source };
        match self {
            Self::Entities { old, new } => Ok((over(old, request), over(new, request))),
            Self::Database { old: old_check, new: new_check } => {
                for _ in 0..REPLAY_TRIES_MAX {
                    let (old, before) = stored(old_check, request).await.map_err(undecided)?;
                    let (new, after) = stored(new_check, request).await.map_err(undecided)?;
                    if before.is_none() || after.is_none() || before == after {
                        return Ok((old, new));
                    }
                    // What one of them remembers may be of a state that the other never saw.
                    for check in [old_check, new_check] {
                        check.forget_decisions().await;
                        check.forget_entities();
                    }
                }
                Err(LogError::Unsettled(line))
            }
        }
    }
}

type Answer = Result<(Decision, Vec<SmolStr>), String>;

const DENIED: (Decision, Vec<SmolStr>) = (Decision::Deny, Vec::new());

fn over((bundle, entities): &(Bundle, AllEntities), request: &DecisionRequest) -> Answer {
    let outcome = bundle.decide(request, entities).map_err(|error| error.to_string())?;
    Ok((outcome.decision, outcome.reasons))
}

async fn stored(check: &Check, request: &DecisionRequest) -> Result<Said, CheckError> {
    match check.decide(&RequestRef::from(request)).await {
        Ok(answer) => Ok((Ok((answer.outcome().decision, answer.outcome().reasons.clone())), Some(answer.revision))),
        Err(error) if error.is_of_the_question() => Ok((Err(error.to_string()), None)),
        Err(error) => Err(error),
    }
}

/// The next line; the inner error is why it cannot be used.
fn line(log: &mut impl BufRead) -> io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let read = log.by_ref().take(LOG_LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') && read > LOG_LINE_BYTES_MAX {
        skip_line(log)?;
        return Ok(Some(Err(format!("it is longer than {LOG_LINE_BYTES_MAX} bytes"))));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())))
}

fn skip_line(log: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = log.fill_buf()?;
        let (length, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        log.consume(length);
        if is_end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Result<String, String>> {
        let mut log = text;
        std::iter::from_fn(|| line(&mut log).unwrap()).collect()
    }

    #[test]
    fn a_line_that_cannot_be_used_takes_no_other_with_it() {
        let long = [b"{\"a\":\"".as_slice(), &vec![b'x'; LOG_LINE_BYTES_MAX + 5], b"\"}\n"].concat();
        let text = [b"{}\n", long.as_slice(), b"\xff\n", b"{}"].concat();
        let found: Vec<_> = lines(&text).into_iter().map(|line| line.map_err(|why| why.len())).collect();
        assert_eq!(found.len(), 4);
        assert_eq!((&found[0], &found[3]), (&Ok("{}\n".to_owned()), &Ok("{}".to_owned())));
        assert!(found[1].is_err() && found[2].is_err());
        assert!(lines(&long[..=LOG_LINE_BYTES_MAX])[0].is_err());
        assert!(lines(b"").is_empty());
    }
}
