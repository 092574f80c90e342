//! A record, as it is written and as it is read back.

use super::limits::LINE_BYTES_MAX;
use super::mask::MASKED;
use crate::check::CacheUse;
use crate::domain::context::Value;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent, Revision, UidError};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::io::{self, BufRead, Read as _};
use thiserror::Error;

/// One decision. What later versions add is passed over when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// A UUIDv7: no two records have the same, and later ones of a process have greater ones.
    pub decision_id: String,
    /// When it was decided (RFC 3339, UTC, milliseconds).
    pub timestamp: String,
    /// Who asked, as Cedar writes it: `User::"director"`.
    pub principal: String,
    /// What they wanted to do.
    pub action: String,
    /// To what.
    pub resource: String,
    /// In which circumstances.
    pub context: Context,
    /// Allow or Deny.
    pub decision: Decision,
    /// Ids of the policies that determined it, sorted.
    pub determining_policies: Vec<SmolStr>,
    /// Policies that could not be evaluated, and why.
    pub errors: Vec<String>,
    /// The revision of the store that it was right at.
    pub revision: Revision,
    /// SHA-256 of the policies and the schema that decided it, in hexadecimal.
    pub policy_digest: String,
    /// From the question as it was read to the answer, in microseconds; of several at once, to the last answer.
    pub latency_us: u64,
    /// Whether the cache had it.
    pub cache: CacheUse,
    /// Whether the request lent facts for itself alone. They are in no record: asked again, it would be another question.
    #[serde(default, rename = "lent", skip_serializing_if = "is_false")]
    pub is_lent: bool,
    /// The trace of the request, 32 hexadecimal digits, if it was traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Record {
    /// The question, as it can be asked again, without what it lent.
    ///
    /// # Errors
    /// [`UidError`] if principal, action or resource is no reference.
    pub fn request(&self) -> Result<DecisionRequest, UidError> {
        Ok(DecisionRequest {
            principal: EntityUid::parse(&self.principal)?,
            action: EntityUid::parse(&self.action)?,
            resource: EntityUid::parse(&self.resource)?,
            context: self.context.clone(),
            lent: Lent::nothing(),
        })
    }

    /// Whether something of the question was masked: asked again, it would be another one.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        let is_masked_id = |text: &str| EntityUid::parse(text).is_ok_and(|uid| uid.id == MASKED);
        is_masked_id(&self.principal) || is_masked_id(&self.resource) || self.context.0.values().any(holds_mask)
    }
}

fn holds_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASKED,
        Value::Array(values) => values.iter().any(holds_mask),
        Value::Object(fields) => fields.values().any(holds_mask),
        Value::Null | Value::Bool(_) | Value::Long(_) => false,
    }
}

/// Why a line is no record.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read on.
    #[error("line {line} cannot be read")]
    Io {
        /// Counted from 1.
        line: u64,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It is something else, or cut off.
    #[error("line {line} is no record: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// Why not.
        reason: String,
    },
}

/// The records of a log, one after the other; empty lines are passed over. After an error of the file there is no more;
/// after a line that is no record, the next ones.
pub fn read(mut log: impl BufRead) -> impl Iterator<Item = Result<Record, ReadError>> {
    let (mut line, mut is_over) = (0, false);
    std::iter::from_fn(move || {
        while !is_over {
            line += 1;
            match next(&mut log, line) {
                Ok(Some(text)) if text.trim_ascii().is_empty() => {}
                Ok(Some(text)) => return Some(parse(&text, line)),
                Ok(None) => return None,
                Err(error) => {
                    is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    })
}

fn next(log: &mut impl BufRead, line: u64) -> Result<Option<Vec<u8>>, ReadError> {
    let mut text = Vec::new();
    let limit = LINE_BYTES_MAX as u64 + 1;
    log.take(limit).read_until(b'\n', &mut text).map_err(|error| ReadError::Io { line, error })?;
    if text.len() > LINE_BYTES_MAX {
        let error = io::Error::other(format!("it is longer than {LINE_BYTES_MAX} bytes"));
        return Err(ReadError::Io { line, error });
    }
    Ok((!text.is_empty()).then_some(text))
}

fn parse(text: &[u8], line: u64) -> Result<Record, ReadError> {
    serde_json::from_slice(text).map_err(|error| ReadError::Malformed { line, reason: error.to_string() })
}
