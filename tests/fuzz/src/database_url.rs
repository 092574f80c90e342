//! Where a database is, as it is written: `sqlite://…`, a path, `postgres://…`.

use super::Target;
use conclave::store::backup::resolve;
use std::error::Error;

/// Passwords of the same letters and length, so that no other difference is between two URLs.
const PASSWORDS: [&str; 2] = ["c4n4ry-s3cr3t", "s3cr3t-c4n4ry"];

/// An input is what is written, and once more what follows the password.
pub struct DatabaseUrl;

impl Target for DatabaseUrl {
    fn new() -> Self {
        Self
    }

    fn run(&mut self, input: &[u8]) {
        let Ok(text) = std::str::from_utf8(input) else { return };
        // Reads a file, whichever is named.
        if text.contains("passwordfile") || text.contains('%') && text.contains("file") {
            return;
        }
        let _ = resolve(text);
        // Not that the password is not in it: an input may hold the same word, and fuzzers find it.
        let [one, other] = PASSWORDS.map(|password| said(password, text));
        assert_eq!(one, other, "what is said depends on the password");
    }
}

/// All that is said of a database whose URL goes on with `text` behind the password.
fn said(password: &str, text: &str) -> Vec<String> {
    let error = resolve(&format!("postgres://conclave:{password}@{text}")).expect_err("a server is no file");
    std::iter::successors(Some(&error as &dyn Error), |&error| error.source()).map(ToString::to_string).collect()
}
