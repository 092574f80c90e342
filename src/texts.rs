//! What people read, in four languages: mail, and the reasons of decisions (T1). Messages in Fluent's own format, one
//! file per language.
//!
//! What people wrote (names, messages) goes in as values, which Fluent never reads as text of its
//! own: a group called `{ $product }` is called that.

mod accepted;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};

/// A language that people are written to in (T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// For everybody whose language is none of the others.
    English,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 4] = [Self::English, Self::Italian, Self::Dutch, Self::Spanish];

    /// The language for people who read `tag` (BCP 47): `it-CH` is Italian. What is unknown or not
    /// set is English (T1).
    #[must_use]
    pub fn of(tag: Option<&str>) -> Self {
        let primary = tag.and_then(|tag| tag.split('-').next()).unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary)).unwrap_or(Self::English)
    }

    /// The language's own tag: `en`, `it`, `nl` or `es`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Spanish => "es",
        }
    }

    const fn messages(self) -> &'static str {
        match self {
            Self::English => include_str!("texts/en.ftl"),
            Self::Italian => include_str!("texts/it.ftl"),
            Self::Dutch => include_str!("texts/nl.ftl"),
            Self::Spanish => include_str!("texts/es.ftl"),
        }
    }
}

/// The messages of one language.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// Reads the messages of `language`. They are part of the program, so a test reads them all and
    /// nothing here can fail; it takes less time than writing one mail to the database.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let mut bundle = FluentBundle::new(vec![language.tag().parse().unwrap_or_default()]);
        // The marks that Fluent would put around values for mixed writing directions would become
        // part of a link or a code that is copied.
        bundle.set_use_isolating(false);
        let read = FluentResource::try_new(language.messages().to_owned());
        let (Ok(resource) | Err((resource, _))) = read;
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// A message with these values in it.
    #[must_use]
    pub fn say(&self, key: &str, values: &FluentArgs<'_>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return String::new();
        };
        // A value that is missing shows as its name; the tests write every mail in every language.
        self.bundle.format_pattern(pattern, Some(values), &mut Vec::new()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn t1_the_primary_language_decides_and_english_is_for_all_others() {
        for (tag, language) in [
            (Some("it-CH"), Language::Italian),
            (Some("NL-be"), Language::Dutch),
            (Some("es-419"), Language::Spanish),
            (Some("en-GB"), Language::English),
            (Some("ita"), Language::English),
            (Some("fr"), Language::English),
            (Some(""), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(Language::of(tag), language, "{tag:?}");
        }
    }

    /// Each message and the values it takes.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in language.messages().lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_alphabetic())) {
                key = name.to_owned();
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} twice in {language:?}");
            }
            let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
            let values = line.split('$').skip(1).map(word);
            found.entry(key.clone()).or_default().extend(values);
        }
        found.remove("");
        found
    }

    #[test]
    fn t1_every_message_is_there_in_every_language_with_the_same_values() {
        let english = keys(Language::English);
        assert!(english.len() > 10);
        for language in Language::ALL {
            assert_eq!(keys(language), english, "{language:?}");
            let resource = FluentResource::try_new(language.messages().to_owned()).unwrap();
            assert_eq!(resource.entries().count(), english.len());
        }
    }

    #[test]
    fn t1_days_are_counted_as_the_language_counts() {
        for (language, days, expected) in [
            (Language::English, 1, "in 1 day,"),
            (Language::English, 30, "in 30 days,"),
            (Language::Italian, 1, "tra 1 giorno,"),
            (Language::Italian, 21, "tra 21 giorni,"),
            (Language::Dutch, 1, "over 1 dag,"),
            (Language::Dutch, 2, "over 2 dagen,"),
            (Language::Spanish, 1, "dentro de 1 día,"),
            (Language::Spanish, 3650, "dentro de 3650 días,"),
        ] {
            let mut values = FluentArgs::new();
            values.set("days", days);
            values.set("date", "then");
            let text = Texts::new(language).say("invitation-expires", &values);
            assert!(text.contains(expected), "{text}");
        }
    }
}
