//! Integration tests: the real server on port 0, a real SQLite file, real sockets.

#![expect(unreachable_pub, reason = "one binary: `pub` says that other files of it use an item")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that failed"
)]

mod acts;
mod advisories;
mod audit;
mod authentication;
mod authzen;
mod backup;
mod bad_input;
mod bench;
mod bulk;
mod by_rule;
mod client;
mod commands;
mod company;
#[expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a seed led to, and what was left out, is said aloud"
)]
mod crash;
mod decision_log;
mod deploy;
mod differential;
mod directory;
mod eval;
mod explain;
mod failpoints;
mod feed;
#[expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a seed led to, and what was left out, is said aloud"
)]
mod fleet;
mod freshness;
mod fuzz;
mod handover;
mod host_entities;
mod isolation;
mod lent;
mod limits;
mod mail;
mod matrix;
mod mutants;
mod notes;
mod overload;
mod process;
mod prove;
mod recipes;
mod refused;
mod reload;
mod restarted;
mod retries;
mod rules;
#[expect(clippy::print_stderr, reason = "what was left out is said aloud")]
mod scaling;
mod search;
mod sidecar;
mod stalled;
mod stateful;
mod structure;
mod telemetry;
mod traces;
mod workbench;
mod worked_example;
mod world;
