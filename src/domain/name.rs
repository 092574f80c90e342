//! When two names are one (A6): names that look alike or differ in case only.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// The name after Unicode `NFKC_Casefold`: compatibility forms, case and invisible characters
/// make no difference.
#[must_use]
pub fn fold(name: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(name);
    let mut folded = step(&decomposed);
    // NFKC can bring forth what folds again; Unicode defines the mapping as what stays the same.
    loop {
        let again = step(&folded);
        if again == folded {
            return folded;
        }
        folded = again;
    }
}

fn step(text: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let visible: String = text.chars().filter(|c| !ignorable.contains(*c)).collect();
    let folded = CaseMapper::new().fold_string(&visible);
    ComposingNormalizerBorrowed::new_nfkc().normalize(&folded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a6_names_that_look_alike_are_one() {
        for (left, right) in [
            ("Sales", "sALES"),
            ("Straße", "STRASSE"),
            ("ﬁnance", "Finance"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("Sales", "Ｓａｌｅｓ"),
            ("Sa\u{ad}les", "Sales"),
            ("Sa\u{200d}les", "Sales"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("①", "1"),
            ("\u{1e9e}", "ss"),
            ("K", "\u{212a}"),
            ("\u{345}α\u{301}", "ΙΆ"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
    }

    #[test]
    fn a6_other_names_stay_apart() {
        for (left, right) in [("sales", "sale"), ("cafe", "café"), ("sales", "ѕales"), ("a b", "ab"), ("ı", "i")] {
            assert_ne!(fold(left), fold(right), "{left} {right}");
        }
    }

    proptest! {
        #[test]
        fn a6_folding_twice_changes_nothing(name in any::<String>()) {
            let once = fold(&name);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn a6_every_character_folds_to_what_stays(c in any::<char>(), d in any::<char>()) {
            let once = fold(&format!("{c}{d}"));
            prop_assert_eq!(fold(&once), once);
        }
    }
}
