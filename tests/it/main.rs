//! Integration tests: the real server on port 0, a real SQLite file, real sockets.

mod bad_input;
mod differential;
mod freshness;
mod matrix;
mod mutants;
mod process;
mod sidecar;
mod structure;
mod worked_example;
mod world;
