//! The language for a request that says which its reader knows (`Accept-Language`, RFC 9110).

use super::Language;

/// A range of languages, and how much it is liked, in thousandths; 0 is not at all.
struct Range<'a> {
    /// The primary subtag: `it` of `it-CH`; `*` is every language that no other range names.
    primary: &'a str,
    quality: u16,
}

impl Language {
    /// The language that the header likes best, of those liked alike the one it names first. English where it likes
    /// none, or there is none.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let ranges: Vec<_> = header.split(',').filter_map(range).collect();
        let best = Self::ALL.into_iter().filter_map(|language| Some((language, liked(language, &ranges)?)));
        // `max_by_key` takes the last of equals.
        best.rev().max_by_key(|(_, liked)| *liked).map_or(Self::English, |(language, _)| language)
    }
}

/// How much a language is liked, and how early it is named; `None` if not at all.
fn liked(language: Language, ranges: &[Range<'_>]) -> Option<(u16, std::cmp::Reverse<usize>)> {
    let places = || ranges.iter().enumerate();
    let named = places().filter(|(_, range)| range.primary.eq_ignore_ascii_case(language.tag()));
    let liked = |(place, range): (usize, &Range<'_>)| (range.quality, std::cmp::Reverse(place));
    let best = named.map(liked).max().or_else(|| places().find(|(_, range)| range.primary == "*").map(liked));
    best.filter(|(quality, _)| *quality > 0)
}

/// Reads `it-CH;q=0.8`; `None` of what is written otherwise.
fn range(text: &str) -> Option<Range<'_>> {
    let (tag, weight) = text.split_once(';').map_or((text, None), |(tag, weight)| (tag, Some(weight)));
    let quality = weight.map_or(Some(1000), quality)?;
    let primary = tag.trim().split('-').next().filter(|primary| !primary.is_empty())?;
    Some(Range { primary, quality })
}

/// Reads `q=0.8`: at most 1, with at most three digits behind the point.
fn quality(text: &str) -> Option<u16> {
    let value = text.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim_start();
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let is_number = part.len() <= 3 && part.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: u16 = format!("{part:0<3}").parse().ok().filter(|_| is_number)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_the_language_liked_best_is_taken() {
        for (header, tag) in [
            ("", "en"),
            ("it", "it"),
            ("IT-ch", "it"),
            ("nl, it", "nl"),
            ("it;q=0.5, nl;q=0.9", "nl"),
            ("it;q=0.5,nl;q=0.55", "nl"),
            ("fr, de", "en"),
            ("fr, es;q=0.1", "es"),
            ("fr;q=1, en;q=0.2, es;q=0.3", "es"),
            ("*", "en"),
            ("fr, *;q=0.5", "en"),
            ("*, en;q=0", "it"),
            ("*;q=0.5, es", "es"),
            ("*;q=0.5, en;q=0.1", "it"),
            ("en;q=0, it;q=0", "en"),
            ("it-CH;q=0.9, it;q=0.2, nl;q=0.5", "it"),
            ("it ; q=0.4 , nl ; q = 0.5", "nl"),
        ] {
            assert_eq!(Language::accepted(header).tag(), tag, "{header}");
        }
    }

    #[test]
    fn t1_what_is_no_weight_counts_for_nothing() {
        for bad in ["it;q=2", "it;q=0.1234", "it;q=-1", "it;q=1.001", "it;q", "it;level=1", ";q=1", "-", "ita", "q=1"] {
            assert_eq!(Language::accepted(bad), Language::English, "{bad}");
            assert_eq!(Language::accepted(&format!("{bad}, nl;q=0.1")), Language::Dutch, "{bad}");
        }
        assert_eq!(Language::accepted("es;q=0.001, en;q=0.000"), Language::Spanish);
        assert_eq!(Language::accepted("nl;q=1.000"), Language::Dutch);
    }
}
