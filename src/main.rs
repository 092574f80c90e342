//! The `conclave` command: arguments, configuration, run, exit code.

use clap::Parser as _;
use conclave::cli::{Arguments, run};
use std::io::Write as _;
use std::process::ExitCode;

/// Many small allocations of short life: a third less time than the system's allocator on a decision.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run(&Arguments::parse()).unwrap_or_else(|report| {
        // Nobody may be there to read it; the exit code says it too.
        let _ = writeln!(std::io::stderr(), "{report:?}");
        ExitCode::from(2)
    })
}
