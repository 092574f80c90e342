#![no_main]

use conclave_fuzz::{Target as _, decisions::Decisions};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<Decisions> = RefCell::new(Decisions::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
