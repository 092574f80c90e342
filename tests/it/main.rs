//! Integration tests: the real server on port 0, a real SQLite file, real sockets.

#![expect(unreachable_pub, reason = "one binary: `pub` says that other files of it use an item")]

mod bad_input;
mod bulk;
mod differential;
mod freshness;
mod matrix;
mod mutants;
mod process;
mod sidecar;
mod structure;
mod worked_example;
mod world;
