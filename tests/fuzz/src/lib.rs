//! What the fuzz targets do with an input, and what must hold whatever it is.
//!
//! Built twice: with libFuzzer for `tests/fuzz/run`, and into the ordinary tests (`tests/it/fuzz.rs`), which try the
//! committed corpus and mutations of it. Only what is public of the program is used.

pub mod admin;
pub mod cache_key;
pub mod database_url;
pub mod decisions;
pub mod http;
pub mod import;
pub mod page_tokens;
pub mod policies;
pub mod stage;

/// Something that takes input from strangers.
pub trait Target {
    /// What it needs is started once, for many inputs.
    fn new() -> Self;

    /// Takes one input. Panics if what must hold does not.
    fn run(&mut self, input: &[u8]);

    /// Checks what can be checked only after many.
    fn finish(&mut self) {}
}
