//! For people at a terminal.

use super::{Report, change, only, replayed_line, told};
use crate::prove::{Change, Replayed};
use std::fmt::Write as _;

impl Report {
    pub(in crate::cli::diff) fn text(mut self) -> miette::Result<String> {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for row in self.rows.iter().filter(|row| row.change() != Change::Equivalent) {
            let _ = writeln!(text, "{}: {}{}", row.environment, change(row.change()), only(row.known_to));
            for told in told(row, &mut self.folder)? {
                let _ = writeln!(text, "  {}: {}", told.word(), told.sentence());
                let _ = writeln!(text, "    request   {}", told.difference.example.request_json());
                for entity in told.difference.example.entities.as_array().into_iter().flatten() {
                    let _ = writeln!(text, "    entity    {entity}");
                }
                for (side, command) in told.commands(&self.sources) {
                    let _ = writeln!(text, "    {side}       {command}");
                }
            }
            for unproved in &row.unproved {
                let _ = writeln!(text, "  not proved: {unproved}");
            }
        }
        text.push_str(&self.sum());
        if let Some(replayed) = &self.replayed {
            text.push_str(&replay(replayed));
        }
        Ok(text)
    }

    pub(super) fn sum(&self) -> String {
        let all = self.rows.len();
        let kinds =
            [Change::Equivalent, Change::MorePermissive, Change::LessPermissive, Change::Both, Change::Unproved];
        let counts = kinds.into_iter().map(|kind| (self.count(kind), change(kind))).filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        format!("{all} environments: {}\n", counts.join(", "))
    }
}

fn replay(replayed: &Replayed) -> String {
    let Replayed { decisions, newly_allowed, newly_denied, otherwise_logged, unusable, .. } = replayed;
    let changed = newly_allowed + newly_denied;
    let mut text = format!(
        "{decisions} logged decisions made again: {changed} change, {newly_allowed} newly allowed, {newly_denied} newly denied\n"
    );
    if *otherwise_logged > 0 {
        let _ = writeln!(text, "  {otherwise_logged} are answered otherwise than logged by the old policies already");
    }
    for one in &replayed.changed {
        let id = one.decision_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let _ = writeln!(text, "  line {}{id}: {}", one.line, replayed_line(one));
    }
    let untold = changed.saturating_sub(replayed.changed.len() as u64);
    if untold > 0 {
        let _ = writeln!(text, "  and {untold} more");
    }
    if *unusable > 0 {
        let _ = writeln!(text, "  {unusable} lines could not be used:");
    }
    for (line, why) in &replayed.unusable_lines {
        let _ = writeln!(text, "  line {line}: {why}");
    }
    text
}
