//! A file of several tokens, each with its scopes; only their digests stand in it.
//!
//! ```toml
//! [tokens]
//! backup = { scopes = ["read"], sha256 = "…" }
//! ```
//!
//! A plain SHA-256 is enough: a token has 256 bits of chance, which nobody guesses however fast they can hash, and a
//! slow hash would let whoever sends wrong tokens keep the server busy.

use super::scope::{Scope, Scopes};
use crate::config::limits::{TOKEN_NAME_CHARACTERS_MAX, TOKENS_FILE_BYTES_MAX, TOKENS_MAX};
use figment::Provider as _;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};
use miette::Diagnostic;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// The tokens of a file.
#[derive(Debug, Clone)]
pub struct Tokens(Vec<Token>);

/// One token, as far as it is kept.
#[derive(Debug, Clone)]
pub struct Token {
    /// What the operator calls it.
    pub name: SmolStr,
    /// What it is good for.
    pub scopes: Scopes,
    /// Digests have one length, so comparing them tells nothing of the token's.
    digest: [u8; 32],
}

/// Why a file of tokens cannot be used. Says places and names, and nothing else that stands in the file.
#[derive(Debug, Error, Diagnostic)]
#[error("the tokens file {} cannot be used: {detail}", path.display())]
#[diagnostic(help("`conclave token NAME --scope read` makes a token and the line for it"))]
pub struct TokensError {
    path: PathBuf,
    detail: String,
    #[source]
    source: Option<io::Error>,
}

impl Tokens {
    /// Reads the tokens of `file`.
    ///
    /// # Errors
    /// [`TokensError`] if it cannot be read or any part of it cannot be used.
    pub fn read(file: &Path) -> Result<Self, TokensError> {
        let failed = |detail: String, source| TokensError { path: file.to_owned(), detail, source };
        let text = contents(file).map_err(|error| failed("it cannot be read".to_owned(), Some(error)))?;
        Self::parse(&text).map_err(|detail| failed(detail, None))
    }

    /// Reads the tokens of a file's text.
    ///
    /// # Errors
    /// What is wrong with it, without a word of what stands there.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() as u64 > TOKENS_FILE_BYTES_MAX {
            return Err(format!("it has more than {TOKENS_FILE_BYTES_MAX} bytes"));
        }
        let profiles = Toml::string(text).data().map_err(|error| place(&error))?;
        let fields = profiles.into_values().next().unwrap_or_default();
        if let Some(other) = fields.keys().find(|key| *key != "tokens") {
            return Err(format!("it has a part `{}` beside `[tokens]`", named(other)));
        }
        let Some(Value::Dict(_, entries)) = fields.get("tokens") else {
            return Err("it has no table `[tokens]`".to_owned());
        };
        if entries.is_empty() || entries.len() > TOKENS_MAX {
            return Err(format!("it must hold from 1 to {TOKENS_MAX} tokens, not {}", entries.len()));
        }
        entries.iter().map(|(name, entry)| token(name, entry)).collect::<Result<_, _>>().map(Self)
    }

    /// The token that `text` is; takes as long whichever it is, or none.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<&Token> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let mut found = None;
        for token in &self.0 {
            if bool::from(token.digest.ct_eq(&digest)) {
                found = Some(token);
            }
        }
        found
    }

    /// Whether any of them is good for this.
    #[must_use]
    pub fn any(&self, scope: Scope) -> bool {
        self.0.iter().any(|token| token.scopes.has(scope))
    }
}

/// The line for a file of tokens that makes `text` good for `scopes`.
#[must_use]
pub fn line(name: &str, scopes: &[Scope], text: &str) -> String {
    let scopes: Vec<_> = scopes.iter().map(|scope| format!("\"{}\"", scope.name())).collect();
    let digest = Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{name} = {{ scopes = [{}], sha256 = \"{digest}\" }}", scopes.join(", "))
}

/// Whether a token may be called this.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= TOKEN_NAME_CHARACTERS_MAX && name.chars().all(plain)
}

/// The name of an entry, unless it might be a token that got into the wrong place.
fn named(name: &str) -> &str {
    if is_name(name) && name.len() < 32 { name } else { "(withheld)" }
}

fn token(name: &str, entry: &Value) -> Result<Token, String> {
    let wrong = |detail: &str| Err(format!("`{}` {detail}", named(name)));
    if !is_name(name) {
        return wrong("is no name: letters, digits, `-` and `_`");
    }
    let Value::Dict(_, fields) = entry else { return wrong("must be `{ scopes = […], sha256 = \"…\" }`") };
    if fields.keys().any(|key| key != "scopes" && key != "sha256") {
        return wrong("has something else than `scopes` and `sha256`; a token itself has no place in this file");
    }
    let Some(scopes) = scopes(fields) else { return wrong("must have `scopes`: some of read, write, metrics, decide") };
    let Some(digest) = digest(fields) else { return wrong("must have `sha256`: 64 hexadecimal digits") };
    Ok(Token { name: SmolStr::new(name), scopes, digest })
}

fn scopes(fields: &Dict) -> Option<Scopes> {
    let Some(Value::Array(_, names)) = fields.get("scopes") else { return None };
    let mut scopes = Scopes::none();
    for name in names {
        scopes = scopes.and(Scope::named(name.as_str()?)?);
    }
    (!names.is_empty()).then_some(scopes)
}

fn digest(fields: &Dict) -> Option<[u8; 32]> {
    let text = fields.get("sha256")?.as_str()?;
    let mut digest = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(digest)
}

/// Where a text is no TOML; what the reader says besides quotes the line.
fn place(error: &figment::Error) -> String {
    let text = error.to_string();
    let place = text.lines().next().and_then(|line| line.split_once(" at line ")).map(|(_, place)| place);
    let is_place = |place: &&str| place.chars().all(|c| c.is_ascii_digit() || ", column".contains(c));
    place.filter(is_place).map_or_else(|| "it is no TOML".to_owned(), |place| format!("it is no TOML at line {place}"))
}

fn contents(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(TOKENS_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

    #[test]
    fn a_token_is_found_by_its_text_alone() {
        let file = format!(
            "# who may what\n[tokens]\n{}\n{}\n",
            line("backup", &[Scope::Read, Scope::Metrics], SECRET),
            line("host", &[Scope::Decide], "another")
        );
        assert!(!file.contains(SECRET));
        let tokens = Tokens::parse(&file).unwrap();
        let backup = tokens.find(SECRET.as_bytes()).unwrap();
        assert_eq!(
            (backup.name.as_str(), backup.scopes),
            ("backup", Scopes::none().and(Scope::Read).and(Scope::Metrics))
        );
        assert_eq!(tokens.find(b"another").unwrap().name, "host");
        let digest = file.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
        for other in ["", "backup", digest, &SECRET[1..], &SECRET.to_uppercase()] {
            assert!(tokens.find(other.as_bytes()).is_none(), "{other}");
        }
        assert!(tokens.any(Scope::Decide) && !tokens.any(Scope::Write));
    }

    #[test]
    fn what_only_begins_or_ends_like_a_token_is_another() {
        let text = "0123456789abcdefghijklmnopqrstuv";
        let tokens = Tokens::parse(&format!("[tokens]\n{}\n", line("host", &[Scope::Decide], text))).unwrap();
        assert!(tokens.find(text.as_bytes()).is_some());
        for other in [&text[..31], &text[..16], &text[1..], &format!("{text}w"), &format!("{}w", &text[..31])] {
            assert!(tokens.find(other.as_bytes()).is_none(), "{other}");
        }
        // Digests of different texts may begin alike: with a thousand of them many do.
        let alike = (0..1_000).filter(|number| tokens.find(format!("token-{number}").as_bytes()).is_some());
        assert_eq!(alike.count(), 0);
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_of_it_is_told() {
        let good = line("a", &[Scope::Read], SECRET);
        for (text, detail) in [
            (String::new(), "no table `[tokens]`"),
            ("[tokens]\n".to_owned(), "from 1 to 100 tokens, not 0"),
            (format!("tokens = \"{SECRET}\""), "no table"),
            (format!("[tokens]\n{good}\n[more]\nx = 1"), "`more`"),
            (format!("[tokens]\n{good}\n{good}"), "no TOML at line 3"),
            (format!("[tokens]\na = {SECRET}"), "no TOML at line 2"),
            (format!("[tokens]\n{SECRET}"), "no TOML at line 2"),
            (format!("[tokens]\n{SECRET} = 1"), "`(withheld)`"),
            (format!("[tokens]\na = \"{SECRET}\""), "`a` must be"),
            (format!("[tokens]\n\"a b\" = \"{SECRET}\""), "is no name"),
            (format!("[tokens]\na = {{ token = \"{SECRET}\", scopes = [\"read\"] }}"), "no place"),
            (good.replacen("[\"read\"]", "[]", 1), "`scopes`"),
            (good.replacen("\"read\"", &format!("\"{SECRET}\""), 1), "`scopes`"),
            (good.replacen("[\"read\"]", "\"read\"", 1), "`scopes`"),
            (good.replacen("sha256 = \"", "sha256 = \"0", 1), "64 hexadecimal"),
            (good.replacen("sha256 = \"", "sha256 = \"é", 1), "64 hexadecimal"),
            (format!("[tokens]\na = {{ scopes = [\"read\"], sha256 = \"{}\" }}", "+1".repeat(32)), "64 hexadecimal"),
            ("x".repeat(70_000), "more than"),
        ] {
            let text = if text.starts_with("a = ") { format!("[tokens]\n{text}") } else { text };
            let error = Tokens::parse(&text).unwrap_err();
            assert!(error.contains(detail), "{text}: {error}");
            assert!(!error.contains("c0ffee"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Tokens::read(Path::new("/nowhere/tokens.toml")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/tokens.toml"));
    }

    proptest! {
        /// Whatever stands in a file, reading it ends, and an error repeats none of it.
        #[test]
        fn any_text_is_read_or_refused(start in "(\\[tokens\\]\n)?(a = \\{)?", text in "[ -~é\n]{0,80}") {
            if let Err(error) = Tokens::parse(&format!("{start}{text}")) {
                let long = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 32);
                for word in long {
                    prop_assert!(!error.contains(word), "{}", error);
                }
            }
        }
    }
}
