//! A table of who may do what, and how it is drawn.

use std::fmt::Write as _;

/// What a column is wide at least, in characters.
const COLUMN_CHARACTERS_MIN: usize = 15;

/// What the names of the rows are wide at least, in characters.
const LABEL_CHARACTERS_MIN: usize = 34;

/// Who may do what to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is about.
    pub title: String,
    /// Who asks, from left to right.
    pub columns: Vec<String>,
    /// What they want to do, from top to bottom, and what comes of it for each of them.
    pub rows: Vec<(String, Vec<Cell>)>,
}

/// What comes of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Allow.
    Allow,
    /// Deny.
    Deny,
    /// Deny, as a policy could not be evaluated.
    Failed,
    /// The schema has no such question.
    NotAsked,
}

impl Cell {
    /// As it is drawn.
    #[must_use]
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => ".",
            Self::Failed => "error",
            Self::NotAsked => "-",
        }
    }
}

/// What stands above all tables.
fn heading(tables: &[Table]) -> String {
    let has = |wanted| tables.iter().flat_map(|table| &table.rows).any(|(_, cells)| cells.contains(&wanted));
    let mut text = "Who may do what. A dot is Deny.".to_owned();
    if has(Cell::NotAsked) {
        text.push_str(" A dash: the schema has no such question.");
    }
    if has(Cell::Failed) {
        text.push_str(" Where a policy could not be evaluated stands error; that is Deny too.");
    }
    text
}

/// The tables as plain text.
#[must_use]
pub fn text(tables: &[Table]) -> String {
    let mut out = heading(tables) + "\n";
    for table in tables {
        let width = |text: &String| text.chars().count() + 2;
        let label =
            table.rows.iter().map(|(label, _)| label.chars().count() + 1).max().unwrap_or(0).max(LABEL_CHARACTERS_MIN);
        let columns: Vec<_> = table.columns.iter().map(|name| width(name).max(COLUMN_CHARACTERS_MIN)).collect();
        // Writing to a String cannot fail.
        let _ = write!(out, "\n{}\n{:indent$}", table.title, "", indent = label + 2);
        for (name, width) in table.columns.iter().zip(columns.iter().copied()) {
            let _ = write!(out, "{name:>width$}");
        }
        out.push('\n');
        for (name, cells) in &table.rows {
            let _ = write!(out, "  {name:label$}");
            for (cell, width) in cells.iter().zip(columns.iter().copied()) {
                let _ = write!(out, "{:>width$}", cell.shown());
            }
            out.push('\n');
        }
    }
    out
}

/// The tables in Markdown.
#[must_use]
pub fn markdown(tables: &[Table]) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*");
    let mut out = heading(tables) + "\n";
    for table in tables {
        let _ = write!(out, "\n## {}\n\n| |", escaped(&table.title));
        for name in &table.columns {
            let _ = write!(out, " {} |", escaped(name));
        }
        let _ = write!(out, "\n| --- |{}\n", " :-: |".repeat(table.columns.len()));
        for (name, cells) in &table.rows {
            let _ = write!(out, "| {} |", escaped(name));
            for cell in cells {
                let _ = write!(out, " {} |", cell.shown());
            }
            out.push('\n');
        }
    }
    out
}

/// The tables as a page that needs nothing else.
#[must_use]
pub fn html(tables: &[Table]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Who may do what</title>\n<style>\n{STYLE}</style>\n<p>{}</p>\n",
        escaped(&heading(tables))
    );
    for table in tables {
        let _ = write!(out, "<table>\n<caption>{}</caption>\n<tr><td></td>", escaped(&table.title));
        for name in &table.columns {
            let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(name));
        }
        out.push_str("</tr>\n");
        for (name, cells) in &table.rows {
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(name));
            for cell in cells {
                let class = if *cell == Cell::Allow { " class=\"allow\"" } else { "" };
                let _ = write!(out, "<td{class}>{}</td>", cell.shown());
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</table>\n");
    }
    out + "</html>\n"
}

const STYLE: &str = "\
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1.5rem 0 }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { border: 1px solid #bbb; padding: .2rem .6rem; text-align: center }
th[scope=row] { text-align: left; font-weight: normal }
.allow { background: #d8f0d8 }
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Vec<Table> {
        let rows = vec![
            ("view".to_owned(), vec![Cell::Allow, Cell::Deny]),
            ("add size=1".to_owned(), vec![Cell::NotAsked, Cell::Failed]),
        ];
        vec![Table { title: "A | <b>".to_owned(), columns: vec!["ann".to_owned(), "ben".to_owned()], rows }]
    }

    #[test]
    fn as_text_it_lines_up() {
        let out = text(&tables());
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines[3].len(), lines[4].len());
        assert!(lines[0].contains("dash") && lines[0].contains("error"), "{out}");
        assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["view", "Allow", "."]);
    }

    #[test]
    fn names_cannot_break_out_of_markdown_or_html() {
        let markdown = markdown(&tables());
        assert!(markdown.contains("## A \\| &lt;b>\n\n| | ann | ben |\n| --- | :-: | :-: |\n| view | Allow | . |"));
        let html = html(&tables());
        assert!(html.contains("<caption>A | &lt;b&gt;</caption>") && html.contains("<td class=\"allow\">Allow</td>"));
    }
}
