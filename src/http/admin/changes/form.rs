//! A change as one line of JSON or as one event.

use crate::http::admin::time;
use crate::store::list::history::HistoryRow;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How changes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object a line; ends with the newest change there is.
    Lines,
    /// Server-sent events; goes on.
    Events,
}

impl Form {
    /// What the request accepts.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let mut ranges = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|range| range.split(';').next());
        let live = ranges.any(|range| range.trim().eq_ignore_ascii_case("text/event-stream"));
        if live { Self::Events } else { Self::Lines }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Events => "text/event-stream",
        }
    }

    /// Begins a change: everything up to its entities.
    pub(super) fn open(self, text: &mut String, row: &HistoryRow) {
        if self == Self::Events {
            text.push_str("data: ");
        }
        let (at, command) = (json!(time(row.at_ms)), json!(row.command));
        let actor = json!(row.actor);
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            text,
            r#"{{"revision":{},"at":{at},"command":{command},"actor":{actor},"entities":["#,
            row.place.revision
        );
    }

    /// One entity of a change.
    pub(super) fn entity(text: &mut String, row: &HistoryRow, first: bool) {
        let (uid, change) = (Value::from(row.uid.to_string()), row.change.name());
        let comma = if first { "" } else { "," };
        let _ = write!(text, r#"{comma}{{"entity":{uid},"change":"{change}"}}"#);
    }

    /// Ends a change. The id of an event comes last: cut off anywhere, none is taken for read.
    pub(super) fn close(self, text: &mut String, revision: u64) {
        let _ = match self {
            Self::Lines => writeln!(text, "]}}"),
            Self::Events => write!(text, "]}}\nid: {revision}\n\n"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_accepts_events_gets_events() {
        let wanted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            Form::wanted(&headers)
        };
        assert_eq!(Form::wanted(&HeaderMap::new()), Form::Lines);
        for lines in ["*/*", "application/x-ndjson", "text/*", "application/json, text/plain;q=0.5"] {
            assert_eq!(wanted(lines), Form::Lines, "{lines}");
        }
        for events in ["text/event-stream", "Text/Event-Stream;q=0.9", "application/json, text/event-stream"] {
            assert_eq!(wanted(events), Form::Events, "{events}");
        }
    }
}
