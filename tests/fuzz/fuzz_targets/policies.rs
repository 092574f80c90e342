#![no_main]

use conclave_fuzz::{Target as _, policies::Policies};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<Policies> = RefCell::new(Policies::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
