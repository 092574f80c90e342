//! JSON from strangers, read into types; what is wrong with it names the field.

use super::error::Problem;
use crate::config::Limits;
use crate::domain::json::{field_at_fault, is_array, is_within_depth};
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

/// Reads `text` as a `T`, borrowing from it where `T` does.
///
/// # Errors
/// 400: text that nests too deep, is no JSON (with line and column) or no object, a field that is missing,
/// unknown, doubled or of the wrong type (named).
pub fn read<'a, T: Deserialize<'a>>(text: &'a [u8], limits: &Limits) -> Result<T, Problem> {
    if !is_within_depth(text, limits.json_depth_max) {
        let detail = format!("the body nests deeper than {} levels", limits.json_depth_max);
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    if is_array(text) {
        return Err(bad("the body must be a JSON object, not an array".to_owned()));
    }
    // Following the path costs time on every field, so only a body that is refused is read with it.
    serde_json::from_slice(text).map_err(|error| problem::<T>(text, &error))
}

fn problem<'a, T: Deserialize<'a>>(text: &'a [u8], error: &serde_json::Error) -> Problem {
    // Of some types a value of another is reported as if the text were no JSON.
    let is_json = || serde_json::from_slice::<IgnoredAny>(text).is_ok();
    match error.classify() {
        category if category == Category::Data || is_json() => match field_at_fault::<T>(text) {
            Some(field) => Problem { field: Some(field.clone()), ..bad(format!("`{field}`: {error}")) },
            None => bad(format!("the body is not as it must be: {error}")),
        },
        _ => bad(format!("the body is not JSON: {error}")),
    }
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(default, borrow)]
        inner: Vec<Inner<'a>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(default)]
        size: Option<u8>,
    }

    fn refused(text: &str) -> (Option<String>, String) {
        let problem = read::<Outer<'_>>(text.as_bytes(), &Limits::default()).map(|_| ()).unwrap_err();
        assert_eq!(problem.status, StatusCode::BAD_REQUEST);
        (problem.field, problem.detail)
    }

    #[test]
    fn the_field_at_fault_is_named() {
        for (text, field) in [
            ("{}", "name"),
            (r#"{"name":3}"#, "name"),
            (r#"{"name":null}"#, "name"),
            (r#"{"name":"a","nam":1}"#, "nam"),
            (r#"{"name":"a","name":"b"}"#, "name"),
            (r#"{"name":"a","inner":{}}"#, "inner"),
            (r#"{"name":"a","inner":[{"name":"b"},{}]}"#, "inner[1].name"),
            (r#"{"name":"a","inner":[{"name":"b","size":300}]}"#, "inner[0].size"),
            (r#"{"name":"a","inner":[{"name":"b","sise":3}]}"#, "inner[0].sise"),
        ] {
            let (named, detail) = refused(text);
            assert_eq!(named.as_deref(), Some(field), "{text}");
            assert!(detail.contains(field), "{detail}");
        }
    }

    #[test]
    fn what_is_no_json_is_shown_by_line_and_column() {
        for text in ["", "{", "{\"name\":\"a\"\n", "{\"name\":\"a\"}x", "{'name':1}", "\u{feff}{}"] {
            let (named, detail) = refused(text);
            assert_eq!(named, None, "{text}");
            assert!(detail.contains("line") && detail.contains("column"), "{detail}");
        }
        for text in ["[]", " \n[\"a\"]", "[\"a\",[]]", "3", "\"a\"", "null"] {
            assert_eq!(refused(text).0, None, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_before_anything_recurses() {
        let deep = format!("{{\"name\":{}", "[".repeat(100_000));
        assert!(refused(&deep).1.contains("deeper than 32"));
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let read =
            read::<Outer<'_>>(br#"{"name":"plain","inner":[{"name":"esc\"aped"}]}"#, &Limits::default()).unwrap();
        assert!(matches!(read.name, Cow::Borrowed("plain")));
        assert!(matches!(&read.inner[0].name, Cow::Owned(name) if name == "esc\"aped"));
        assert_eq!(read.inner[0].size, None);
    }
}
