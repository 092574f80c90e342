//! What a request says of its caller's trace: the W3C headers `traceparent` and `tracestate`.

use crate::config::limits::TRACE_STATE_BYTES_MAX;
use hyper::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// How long a `traceparent` of version 00 is, in bytes.
const PARENT_BYTES: usize = 55;

/// What the caller wants.
#[derive(Debug)]
pub(super) enum Wish {
    /// Its trace goes on here.
    Traced(Context),
    /// Its trace is not recorded.
    Untraced,
    /// It says nothing, or nothing that can be read.
    Unsaid,
}

/// What these headers say.
pub(super) fn wish(headers: &HeaderMap) -> Wish {
    // Most callers trace few of their requests: these are told without reading more.
    match headers.get(PARENT).and_then(|parent| is_sampled(parent.as_bytes())) {
        None => Wish::Unsaid,
        Some(false) => Wish::Untraced,
        Some(true) => {
            let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
            let is_valid = context.span().span_context().is_valid();
            if is_valid { Wish::Traced(context) } else { Wish::Unsaid }
        }
    }
}

/// Whether a `traceparent` has the flag *sampled*; `None` if it is none. Later versions may go on after what 00 has.
fn is_sampled(text: &[u8]) -> Option<bool> {
    let (known, more) = text.split_at_checked(PARENT_BYTES)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let mut part = |length: usize| {
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        parts.next().filter(|part| part.len() == length && part.iter().all(is_hex))
    };
    let is_nothing = |id: &[u8]| id.iter().all(|byte| *byte == b'0');
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let goes_on = version != b"00" && more.starts_with(b"-");
    if version == b"ff" || is_nothing(trace) || is_nothing(span) || !(more.is_empty() || goes_on) {
        return None;
    }
    let flags = flags.last().and_then(|digit| char::from(*digit).to_digit(16))?;
    Some(flags & 1 == 1)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let text = self.0.get(key)?.to_str().ok()?;
        // It is kept with every span: a long one is left out, as the standard allows.
        (key != STATE || text.len() <= TRACE_STATE_BYTES_MAX).then_some(text)
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    const IDS: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

    fn wished(parent: &str, state: Option<&str>) -> Wish {
        let mut headers = HeaderMap::new();
        headers.insert(PARENT, HeaderValue::from_str(parent).unwrap());
        if let Some(state) = state {
            headers.insert(STATE, HeaderValue::from_str(state).unwrap());
        }
        wish(&headers)
    }

    #[test]
    fn the_flag_of_the_caller_decides() {
        for (flags, is_traced) in
            [("00", false), ("01", true), ("02", false), ("03", true), ("0a", false), ("ff", true)]
        {
            for version in ["00", "01"] {
                let wish = wished(&format!("{version}-{IDS}-{flags}"), None);
                assert_eq!(matches!(wish, Wish::Traced(_)), is_traced, "{version} {flags} {wish:?}");
                assert_eq!(matches!(wish, Wish::Untraced), !is_traced, "{version} {flags} {wish:?}");
            }
        }
    }

    #[test]
    fn what_is_no_parent_says_nothing() {
        for text in [
            format!("00-{IDS}-0g"),
            format!("00-{IDS}-001"),
            format!("00-{IDS}-1"),
            format!("00-{IDS}-01-more"),
            format!("01-{IDS}-01.more"),
            format!("ff-{IDS}-01"),
            format!("0-{IDS}-01"),
            format!("00-{}-01", IDS.to_uppercase()),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902-b7-1".to_owned(),
            "nonsense".to_owned(),
            String::new(),
        ] {
            assert!(matches!(wished(&text, None), Wish::Unsaid), "{text}");
        }
        assert!(matches!(wished(&format!("01-{IDS}-01-more"), None), Wish::Traced(_)));
    }

    #[test]
    fn a_state_goes_along_unless_it_is_long() {
        let parent = format!("00-{IDS}-01");
        let state = |text: &str| match wished(&parent, Some(text)) {
            Wish::Traced(context) => context.span().span_context().trace_state().header(),
            wish => panic!("{wish:?}"),
        };
        assert_eq!(state("vendor=1,other=2"), "vendor=1,other=2");
        assert_eq!(state(&format!("vendor={}", "x".repeat(TRACE_STATE_BYTES_MAX))), "");
        assert_eq!(state("no state at all"), "");
    }
}
