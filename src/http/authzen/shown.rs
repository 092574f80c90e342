//! `Conclave-Context: true`: an answer with its grounds.

use crate::engine::Detail;
use crate::http::error::Problem;
use axum::http::{HeaderMap, HeaderName};

/// The request header that asks for a `context` in each answer: determining policies and revision.
pub(in crate::http) const SHOWN: HeaderName = HeaderName::from_static("conclave-context");

/// Whether the request asks for it.
///
/// # Errors
/// 400 if the header is neither `true` nor `false`, or stands there twice.
pub(in crate::http) fn wanted(headers: &HeaderMap) -> Result<bool, Problem> {
    let mut values = headers.get_all(SHOWN).iter();
    match (values.next().map(axum::http::HeaderValue::as_bytes), values.next()) {
        (None | Some(b"false"), None) => Ok(false),
        (Some(b"true"), None) => Ok(true),
        _ => Err(Problem::malformed("Conclave-Context", "must be `true` or `false`")),
    }
}

/// How much is to be decided: where no grounds are answered, what settles a decision is enough.
pub(super) const fn detail(shown: bool) -> Detail {
    if shown { Detail::Policies } else { Detail::Decision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_true_or_false() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(SHOWN, value.parse().unwrap());
            }
            wanted(&headers).ok()
        };
        assert_eq!([read(&[]), read(&["false"]), read(&["true"])], [Some(false), Some(false), Some(true)]);
        assert_eq!([read(&["1"]), read(&[""]), read(&["true", "true"])], [None; 3]);
    }
}
