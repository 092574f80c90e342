//! What is written for `SQLite`, in `PostgreSQL`'s words.
//!
//! Few words differ, and each of them is told by itself, so that no statement has to be understood: parameters are
//! `$1` and not `?1`; a join whose order is fixed is an ordinary one; JSON and text functions have other names.
//! Whatever differs in more than words is written twice, as `Both`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// The translation of a text of this program, made once.
pub(super) fn translation(text: &'static str) -> Arc<str> {
    static KEPT: LazyLock<RwLock<HashMap<&'static str, Arc<str>>>> = LazyLock::new(RwLock::default);
    if let Some(kept) = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return Arc::clone(kept);
    }
    let made: Arc<str> = translated(text).into();
    KEPT.write().unwrap_or_else(PoisonError::into_inner).insert(text, Arc::clone(&made));
    made
}

/// The translation of a text.
pub(in crate::store) fn translated(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 64);
    translate(text, &mut 0, &mut made);
    made
}

/// Goes through a text; `parameters` is how many without a number there were.
fn translate(text: &str, parameters: &mut u32, made: &mut String) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (this, after) = rest.split_at(token(rest, first));
        rest = after;
        match first {
            '?' => {
                *parameters += u32::from(this.len() == 1);
                let number = this.get(1..).filter(|number| !number.is_empty());
                made.push('$');
                made.push_str(&number.map_or_else(|| parameters.to_string(), str::to_owned));
            }
            'a'..='z' => match after.strip_prefix('(').and_then(|inner| closed(inner).map(|end| (inner, end))) {
                Some((inner, end)) if FUNCTIONS.contains(&this) => {
                    let (arguments, behind) = inner.split_at(end);
                    function(this, arguments, parameters, made);
                    rest = behind.get(1..).unwrap_or_default();
                }
                _ => made.push_str(this),
            },
            'C' if this == "CROSS" && is_conditional(after) => {}
            'N' if this == "NOT" && after.starts_with(" INDEXED") => {
                rest = after.get(" INDEXED".len()..).unwrap_or_default();
            }
            _ => made.push_str(this),
        }
    }
}

/// The functions that are written otherwise.
const FUNCTIONS: [&str; 13] = [
    "char",
    "group_concat",
    "hex",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_quote",
    "unhex",
];

/// A call of one of them.
fn function(name: &str, arguments: &str, parameters: &mut u32, made: &mut String) {
    let mut between = |before: &str, after: &str| {
        made.push_str(before);
        translate(arguments, parameters, made);
        made.push_str(after);
    };
    match name {
        "char" => between("chr(", ")"),
        "group_concat" => between("string_agg(", ", ',')"),
        "hex" => between("encode(", ", 'hex')"),
        "instr" => between("strpos(", ")"),
        "json" => between("(", ")::json"),
        "json_array" => between("json_build_array(", ")"),
        "json_array_length" => between("json_array_length((", ")::json)"),
        "json_group_array" => between("coalesce(json_agg(", "), '[]'::json)"),
        "json_group_object" => between("coalesce(json_object_agg(", "), '{}'::json)"),
        "json_object" => between("json_build_object(", ")"),
        "json_quote" => between("coalesce(to_json(", ")::text, 'null')"),
        "unhex" => between("decode(", ", 'hex')"),
        _ => {
            // `iif`
            for (argument, word) in separate(arguments).into_iter().zip(["CASE WHEN ", " THEN ", " ELSE "]) {
                made.push_str(word);
                translate(argument, parameters, made);
            }
            made.push_str(" END");
        }
    }
}

/// Where the parenthesis ends in which the text begins.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    pieces(text).find_map(|(at, piece)| {
        match piece {
            "(" => depth += 1,
            ")" if depth == 0 => return Some(at),
            ")" => depth -= 1,
            _ => {}
        }
        None
    })
}

/// Arguments, one by one.
fn separate(arguments: &str) -> Vec<&str> {
    let (mut all, mut depth, mut begun) = (Vec::new(), 0_i32, 0);
    for (at, piece) in pieces(arguments) {
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                all.extend(arguments.get(begun..at));
                begun = at + 1;
            }
            _ => {}
        }
    }
    all.extend(arguments.get(begun..));
    all
}

/// Each token, and where it stands.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let (piece, _) = rest.split_at(token(rest, rest.chars().next()?));
        let begun = at;
        at += piece.len();
        Some((begun, piece))
    })
}

/// How long the token is that the text begins with: a word, a parameter, a string, or anything else.
fn token(text: &str, first: char) -> usize {
    let until = |is_part: fn(char) -> bool| text.char_indices().skip(1).find(|(_, c)| !is_part(*c));
    let end = match first {
        '?' => until(|c| c.is_ascii_digit()),
        '\'' => return text.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(text.len(), |(at, _)| at + 1),
        c if c.is_ascii_alphabetic() || c == '_' => until(|c| c.is_ascii_alphanumeric() || c == '_'),
        c => return c.len_utf8(),
    };
    end.map_or(text.len(), |(at, _)| at)
}

/// Whether the table that is joined has a condition: ` JOIN table AS name ON`, or a statement in its place.
fn is_conditional(after_cross: &str) -> bool {
    let (mut depth, mut joins) = (0_i32, 0);
    for (_, piece) in pieces(after_cross) {
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            "JOIN" if depth == 0 => joins += 1,
            "ON" if depth == 0 => return joins == 1,
            "," | "WHERE" | "CROSS" | "LEFT" | "UNION" | "ORDER" | "GROUP" | "LIMIT" if depth == 0 => return false,
            _ => {}
        }
        if depth < 0 || joins > 1 {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(translated("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(translated("a = ?2 AND b = ?1 OR c = ?12"), "a = $2 AND b = $1 OR c = $12");
        assert_eq!(translated("a = '?1' AND b = 'it''s ?' AND c = ?1"), "a = '?1' AND b = 'it''s ?' AND c = $1");
    }

    #[test]
    fn joins_with_a_condition_are_ordinary_ones() {
        assert_eq!(translated("a CROSS JOIN b ON b.x = a.x"), "a  JOIN b ON b.x = a.x");
        assert_eq!(translated("a CROSS JOIN b AS c ON c.x IN (SELECT 1)"), "a  JOIN b AS c ON c.x IN (SELECT 1)");
        assert_eq!(translated("a CROSS JOIN b WHERE x"), "a CROSS JOIN b WHERE x");
        assert_eq!(translated("(a CROSS JOIN b) ON"), "(a CROSS JOIN b) ON");
        assert_eq!(translated("CROSS JOIN f((SELECT 1 WHERE 2)) AS d ON"), " JOIN f((SELECT 1 WHERE 2)) AS d ON");
    }

    #[test]
    fn functions_have_other_names_and_columns_keep_theirs() {
        assert_eq!(translated("json_array(a, char(31), json_array)"), "json_build_array(a, chr(31), json_array)");
        assert_eq!(
            translated("json_group_array(json_array(?, (b)))"),
            "coalesce(json_agg(json_build_array($1, (b))), '[]'::json)"
        );
        assert_eq!(translated("iif(a IN (1, 2), f(?, b), ?)"), "CASE WHEN a IN (1, 2) THEN  f($1, b) ELSE  $2 END");
        assert_eq!(translated("json(')')"), "(')')::json");
        assert_eq!(translated("'char(1)' || my_char(2)"), "'char(1)' || my_char(2)");
    }
}
