//! Where a database is, as it is written: `sqlite://…`, a path, `postgres://…`.

use super::Target;
use conclave::store::backup::resolve;
use std::error::Error;

/// A password that no input holds by chance.
const SECRET: &str = "c4n4ry-s3cr3t";

/// An input is what is written, and once more what follows the password.
pub struct DatabaseUrl;

impl Target for DatabaseUrl {
    fn new() -> Self {
        Self
    }

    fn run(&mut self, input: &[u8]) {
        let Ok(text) = std::str::from_utf8(input) else { return };
        // Reads a file, whichever is named.
        let reads = text.contains("passwordfile") || text.contains('%') && text.contains("file");
        // Fuzzers look into memory, and find it there.
        if reads || text.contains(SECRET) {
            return;
        }
        let _ = resolve(text);
        let error = resolve(&format!("postgres://conclave:{SECRET}@{text}")).expect_err("a server is no file");
        let mut said = Some(&error as &dyn Error);
        while let Some(error) = said {
            assert!(!error.to_string().contains(SECRET), "{error}");
            said = error.source();
        }
    }
}
