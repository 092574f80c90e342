//! For a comment on a pull request.

use super::{Report, change, only, replayed_line, told};
use crate::prove::Replayed;
use std::fmt::Write as _;

/// Changed decisions of a log that a comment lists: it is read by people.
const LISTED_MAX: usize = 50;

impl Report {
    pub(in crate::cli::diff) fn markdown(mut self) -> miette::Result<String> {
        let mut text = "### What the policies newly allow and deny\n\n".to_owned();
        // Writing to a String cannot fail.
        if self.changed().next().is_none() {
            let _ = writeln!(text, "Nothing: in all {} environments they allow the same, proved.", self.rows.len());
        } else {
            text.push_str(&self.table());
            let rows = std::mem::take(&mut self.rows);
            for row in &rows {
                for told in told(row, &mut self.folder)? {
                    let example = &told.difference.example;
                    let _ = write!(
                        text,
                        "\n<details><summary>{}: {}</summary>\n\n",
                        told.word(),
                        escaped(&row.environment.to_string())
                    );
                    let _ = write!(text, "{}\n\n", code(&told.sentence()));
                    let world = format!("{}\n{:#}", example.request_json(), example.entities);
                    let _ = write!(text, "{}\n\n</details>\n", fenced(&world));
                }
            }
            self.rows = rows;
            let _ = write!(text, "\n{}", self.sum());
        }
        if let Some(replayed) = &self.replayed {
            text.push_str(&replay(replayed));
        }
        Ok(text)
    }

    fn table(&self) -> String {
        let mut text = "| principal | action | resource | now |\n| --- | --- | --- | --- |\n".to_owned();
        for row in self.changed() {
            let environment = &row.environment;
            let cells = [&environment.principal, environment.action_name(), &environment.resource].map(escaped);
            let _ = write!(text, "| {} | {}{}", cells.join(" | "), change(row.change()), only(row.known_to));
            for why in &row.unproved {
                let _ = write!(text, "; not proved: {}", escaped(why));
            }
            text.push_str(" |\n");
        }
        text
    }
}

fn replay(replayed: &Replayed) -> String {
    let Replayed { decisions, newly_allowed, newly_denied, otherwise_logged, unusable, changed, .. } = replayed;
    let mut text = format!(
        "\n### Real decisions\n\nOf {decisions} logged decisions, {newly_allowed} are newly allowed and {newly_denied} newly \
         denied; {otherwise_logged} are answered otherwise than logged by the old policies already; {unusable} lines could \
         not be used.\n"
    );
    if !changed.is_empty() {
        text.push('\n');
    }
    for one in changed.iter().take(LISTED_MAX) {
        let _ = writeln!(text, "- line {}: {}", one.line, code(&replayed_line(one)));
    }
    text
}

/// Text of a table's cell: names may hold any character.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '@' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// Text between backticks, however many it holds itself.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let padding = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{padding}{}{padding}{fence}", text.replace(['\n', '\r'], " "))
}

fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}json\n{text}\n{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_leave_their_place() {
        assert_eq!(escaped("a|b<c>@d"), "a\\|b&lt;c&gt;\\@d");
        assert_eq!(code("a `b` c"), "``a `b` c``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(fenced("x ``` y"), "````json\nx ``` y\n````");
    }
}
