//! A question as it is sent, with the answer it should get; and files of such questions.

use crate::check::RequestRef;
use crate::domain::uid::UidRef;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::{self, BufRead, Read as _, Write};
use thiserror::Error;

/// Longest line of a file of questions, in bytes: a server takes no longer body by default.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;

/// One question of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The body of the HTTP request.
    pub body: String,
    /// The same, read.
    pub request: DecisionRequest,
    /// What the answer should be, if that is known.
    pub expected: Option<Decision>,
}

/// What is wrong with a file of questions.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is no question.
    #[error("line {line} is no question: {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no line in it.
    #[error("there is no question in it")]
    Empty,
}

/// A line: the body of a request, and how it should be answered.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    request: &'a RawValue,
    #[serde(default)]
    decision: Option<Decision>,
}

/// What is read of a body; the server may take more.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    principal: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    resource: Cow<'a, str>,
    #[serde(default)]
    context: Context,
}

impl Question {
    /// May `principal` do `action` on `resource`, without further circumstances?
    #[must_use]
    pub fn new(principal: EntityUid, action: &str, resource: EntityUid) -> Self {
        let action = EntityUid::action(action);
        let text = |uid: &EntityUid| serde_json::Value::from(uid.to_string());
        let body = format!(
            r#"{{"principal":{},"action":{},"resource":{}}}"#,
            text(&principal),
            text(&action),
            text(&resource)
        );
        let (context, lent) = (Context::empty(), Lent::nothing());
        let request = DecisionRequest { principal, action, resource, context, lent };
        Self { body, request, expected: None }
    }

    /// The question as the pipeline takes it.
    #[must_use]
    pub fn borrow(&self) -> RequestRef<'_> {
        RequestRef::from(&self.request)
    }

    fn read(line: &str) -> Result<Self, String> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let body: Body<'_> = serde_json::from_str(line.request.get()).map_err(|error| error.to_string())?;
        let uid = |field: &str, text: &str| {
            UidRef::parse(text).map(|uid| uid.to_owned()).map_err(|error| format!("`{field}` {error}"))
        };
        let request = DecisionRequest {
            principal: uid("principal", &body.principal)?,
            action: uid("action", &body.action)?,
            resource: uid("resource", &body.resource)?,
            context: body.context,
            lent: Lent::nothing(),
        };
        Ok(Self { body: line.request.get().to_owned(), request, expected: line.decision })
    }

    fn write(&self, mut out: impl Write) -> io::Result<()> {
        let decision = self.expected.map(|decision| format!(r#","decision":"{}""#, decision.name()));
        writeln!(out, r#"{{"request":{}{}}}"#, self.body, decision.unwrap_or_default())
    }
}

/// Reads a file that [`write`] wrote, or another program did: a question a line.
///
/// # Errors
/// [`FileError`] names the first line that is no question.
pub fn read(mut file: impl BufRead) -> Result<Vec<Question>, FileError> {
    let mut questions = Vec::new();
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if (&mut file).take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
            break;
        }
        let question = Question::read(&line).map_err(|problem| FileError::Line { line: number, problem })?;
        questions.push(question);
    }
    if questions.is_empty() { Err(FileError::Empty) } else { Ok(questions) }
}

/// Writes questions, one a line, as [`read`] reads them.
///
/// # Errors
/// Whatever keeps them from being written.
pub fn write(questions: &[Question], mut out: impl Write) -> io::Result<()> {
    questions.iter().try_for_each(|question| question.write(&mut out))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(id: &str) -> Question {
        Question::new(EntityUid::new("User", id), "view", EntityUid::new("Item", "i\"1"))
    }

    #[test]
    fn questions_read_back() {
        let mut all = vec![question("a"), question("ü\\ \u{202e}\n"), question("")];
        all[0].expected = Some(Decision::Allow);
        all[1].expected = Some(Decision::Deny);
        let mut file = Vec::new();
        write(&all, &mut file).unwrap();
        assert_eq!(read(file.as_slice()).unwrap(), all);
    }

    #[test]
    fn a_line_may_have_white_space_a_context_and_no_decision() {
        let line = r#"{ "request": {"resource":"Tool::\"t\"", "principal":"User::\"u\"", "action":"Action::\"add\"",
                     "context":{"size":3}} }"#
            .replace('\n', " ");
        let [question] = &read(line.as_bytes()).unwrap()[..] else { panic!() };
        assert_eq!((question.request.context.0.len(), question.expected), (1, None));
    }

    #[test]
    fn what_is_no_question_is_named_by_its_line() {
        let good = r#"{"request":{"principal":"User::\"u\"","action":"Action::\"view\"","resource":"Item::\"i\""}}"#;
        for bad in [
            "{}",
            "",
            r#"{"request":{}}"#,
            &good.replace("User::", "User:"),
            &good.replace("}}", "},\"decision\":\"Perhaps\"}"),
        ] {
            let error = read(format!("{good}\n{bad}\n").as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("line 2 is no question"), "{bad}: {error}");
        }
        assert!(matches!(read(&b""[..]), Err(FileError::Empty)));
    }
}
