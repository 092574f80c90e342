//! The fuzz targets without a fuzzer: each input of the committed corpus, and some that are made from those. What
//! `tests/fuzz/run` finds becomes an input of the corpus, and so a test here.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use targets::Target;
use targets::admin::Admin;
use targets::cache_key::CacheKey;
use targets::database_url::DatabaseUrl;
use targets::decisions::Decisions;
use targets::http::Http;
use targets::import::Import;
use targets::page_tokens::PageTokens;
use targets::policies::Policies;

/// One change of an input.
#[derive(Debug, Clone)]
enum Mutation {
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Repeat(Index, usize),
    /// The beginning of this input and the end of another.
    Cross(Index, Index, Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let words = words();
    let word = any::<Index>().prop_map(move |index| index.get(&words).clone());
    let mutation = prop_oneof![
        2 => (any::<Index>(), 1_usize..20).prop_map(|(at, length)| Mutation::Remove(at, length)),
        3 => (any::<Index>(), word).prop_map(|(at, word)| Mutation::Insert(at, word)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        1 => (any::<Index>(), 1_usize..60).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(at, other, from)| Mutation::Cross(at, other, from)),
    ];
    proptest::collection::vec(mutation, 1..4)
}

fn mutate(input: &mut Vec<u8>, mutation: &Mutation, corpus: &[Vec<u8>]) {
    let place = |index: &Index, length: usize| index.index(length + 1);
    match mutation {
        Mutation::Remove(at, length) => {
            let at = place(at, input.len());
            input.drain(at..(at + length).min(input.len()));
        }
        Mutation::Insert(at, bytes) => {
            let at = place(at, input.len());
            input.splice(at..at, bytes.iter().copied());
        }
        Mutation::Replace(at, byte) => {
            let at = place(at, input.len());
            input.splice(at..(at + 1).min(input.len()), [*byte]);
        }
        Mutation::Repeat(at, length) => {
            let at = place(at, input.len());
            let again = input[at..(at + length).min(input.len())].to_vec();
            input.splice(at..at, again);
        }
        Mutation::Cross(at, other, from) => {
            let other = other.get(corpus);
            input.truncate(place(at, input.len()));
            input.extend_from_slice(&other[place(from, other.len())..]);
        }
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz"))
}

/// The words of libFuzzer's dictionary, without its escapes but those of quotes.
fn words() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(folder().join("dictionary")).unwrap();
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted
        .filter(|word| !word.contains("\\x"))
        .map(|word| word.replace("\\\"", "\"").replace("\\\\", "\\").into_bytes())
        .collect()
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder().join("corpus").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn holds<T: Target>(name: &str, cases: u32) {
    let corpus = corpus(name);
    assert!(!corpus.is_empty());
    let target = RefCell::new(T::new());
    for input in &corpus {
        target.borrow_mut().run(input);
    }
    let mut runner = TestRunner::new(Config { cases, max_shrink_iters: 200, ..Config::default() });
    let outcome = runner.run(&(any::<Index>(), mutations()), |(seed, mutations)| {
        let mut input = seed.get(&corpus).clone();
        for mutation in &mutations {
            mutate(&mut input, mutation, &corpus);
        }
        let ran = catch_unwind(AssertUnwindSafe(|| target.borrow_mut().run(&input)));
        ran.map_err(|_| TestCaseError::fail(format!("{:?}", String::from_utf8_lossy(&input))))
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    target.borrow_mut().finish();
}

#[test]
fn questions() {
    holds::<Decisions>("decisions", 1_000);
}

#[test]
fn changes() {
    holds::<Admin>("admin", 1_000);
}

#[test]
fn bytes_of_a_connection() {
    holds::<Http>("http", 500);
}

#[test]
fn policy_folders() {
    holds::<Policies>("policies", 200);
}

#[test]
fn cache_keys() {
    holds::<CacheKey>("cache_key", 10_000);
}

#[test]
fn import_files() {
    holds::<Import>("import", 300);
}

#[test]
fn page_tokens() {
    holds::<PageTokens>("page_tokens", 1_000);
}

#[test]
fn database_urls() {
    holds::<DatabaseUrl>("database_url", 10_000);
}
