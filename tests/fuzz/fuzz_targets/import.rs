#![no_main]

use conclave_fuzz::{Target as _, import::Import};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<Import> = RefCell::new(Import::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
