//! The simulation behind docs/scaling.md, run as whoever changes it would.

use std::path::Path;
use std::process::{Command, Output};

fn simulated(arguments: &[&str]) -> Option<(bool, String, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scaling");
    let Ok(Output { status, stdout, stderr }) = Command::new("python3").arg(script).args(arguments).output() else {
        eprintln!("skipped: no python3, so the simulation is not tried");
        return None;
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((status.success(), text(stdout), text(stderr)))
}

#[test]
fn the_simulation_keeps_its_laws_and_the_document_shows_what_it_says() {
    let Some((holds, said, problems)) = simulated(&["--check"]) else { return };
    assert!(holds && said.contains("laws hold"), "{said}{problems}");
}

#[test]
fn other_costs_make_other_tables_and_none_that_is_unknown_is_taken() {
    let Some((_, near, _)) = simulated(&["writes", "--set", "write_statements=2"]) else { return };
    let (_, far, _) = simulated(&["writes", "--set", "write_statements=200"]).unwrap();
    assert!(near.lines().count() > 4 && near.lines().count() == far.lines().count());
    assert_ne!(near, far);
    let (holds, _, problems) = simulated(&["--set", "speed=9"]).unwrap();
    assert!(!holds && problems.contains("speed"), "{problems}");
    // What the document shows is what was measured.
    assert!(!simulated(&["--check", "--set", "round_trip_ms=2"]).unwrap().0);
}
