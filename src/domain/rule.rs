//! The rules of groups, by id. Policies carry them as `@rule`, error answers as `rule`.

use std::fmt;

/// A rule of the product, such as `A14`. `docs/rules.md` says what each one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rule(&'static str);

macro_rules! rules {
    ($($name:ident)*) => {
        #[expect(missing_docs, reason = "the name is the documentation: it is the rule's id")]
        impl Rule {
            $(pub const $name: Self = Self(stringify!($name));)*

            /// Every rule, in the order of the rule book.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

rules! {
    S1 S2 S3 S4 S5 S6
    M1 M2 M3 M4 M5
    P1 P2 P3 P4 P5 P6 P7
    A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14
    D1 D2 D3 D4 D5 D6 D7 D8
    C1 C2 C3 C4 C5
    F1 F2 F3 F4 F5 F6 F7
    T1 T2
}

impl Rule {
    /// The id as it stands in policies and error answers: `A14`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.0
    }

    /// The rule with this id, if there is one.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.0 == id)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
