//! `Conclave-Min-Revision`: an answer from a state at least that new, or none.

use crate::check::Check;
use crate::config::Limits;
use crate::config::limits::REVISION_POLL_MILLISECONDS;
use crate::domain::Revision;
use crate::http::error::Problem;
use axum::http::{HeaderMap, HeaderName};
use std::time::Duration;
use tokio::time::Instant;

/// The request header that names the least revision to answer from.
pub const MIN_REVISION: HeaderName = HeaderName::from_static("conclave-min-revision");

/// The revision the request asks for; the first of all if it asks for none.
///
/// # Errors
/// 400 if the header is no number or stands there twice.
pub(in crate::http) fn wanted(headers: &HeaderMap) -> Result<Revision, Problem> {
    let mut values = headers.get_all(MIN_REVISION).iter();
    let Some(value) = values.next() else { return Ok(Revision::default()) };
    let digits = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|text| text.parse().ok()), values.next()) {
        // The store counts in 64 bits with sign: there is no wait for what can never come.
        (Some(number), None) if i64::try_from(number).is_ok() => Ok(Revision(number)),
        _ => Err(Problem::malformed("Conclave-Min-Revision", "must be one revision, a number such as `42`")),
    }
}

/// Waits until answers rest on `wanted` at least.
///
/// # Errors
/// 503 once `min_revision_wait_milliseconds` are over.
pub(in crate::http) async fn reached(check: &Check, wanted: Revision, limits: &Limits) -> Result<(), Problem> {
    if check.revision() >= wanted {
        return Ok(());
    }
    let until = Instant::now() + Duration::from_millis(limits.min_revision_wait_milliseconds);
    // Made through another sidecar, it may be there already. Where the store does not answer, waiting ends.
    let _ = tokio::time::timeout_at(until, Box::pin(check.catch_up())).await;
    if check.revision() >= wanted {
        return Ok(());
    }
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(REVISION_POLL_MILLISECONDS)).await;
        if check.revision() >= wanted {
            return Ok(());
        }
    }
    Err(not_reached())
}

/// Nothing is answered from a state older than the request asks for.
pub(in crate::http) fn not_reached() -> Problem {
    Problem::unavailable("the revision that `Conclave-Min-Revision` names is not known here yet")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<u64, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(MIN_REVISION, value.parse().unwrap());
        }
        wanted(&headers).map(|revision| revision.0).map_err(|problem| problem.status.as_u16())
    }

    #[test]
    fn the_header_is_one_number() {
        assert_eq!(read(&[]), Ok(0));
        assert_eq!(read(&["42"]), Ok(42));
        for bad in [
            &["-1"][..],
            &["+1"],
            &[""],
            &["x"],
            &["1.0"],
            &["9223372036854775808"],
            &["99999999999999999999"],
            &["1", "2"],
        ] {
            assert_eq!(read(bad), Err(400), "{bad:?}");
        }
    }
}
