//! JSON as it comes from strangers: how deep it may nest, before anything recursive reads it.

/// Whether no array or object of this JSON text nests deeper than `depth_max`.
///
/// One pass over the bytes, no recursion and no allocation; says nothing about whether the text
/// is JSON at all.
#[must_use]
pub fn is_within_depth(text: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_brackets_outside_strings() {
        assert!(is_within_depth(b"[[1]]", 2));
        assert!(!is_within_depth(b"[[[1]]]", 2));
        assert!(is_within_depth(br#"["[[[", "\"[[["]"#, 1));
        assert!(is_within_depth(b"[],[],[]", 1));
        assert!(!is_within_depth(br#"{"a":{"b":{}}}"#, 2));
    }
}
