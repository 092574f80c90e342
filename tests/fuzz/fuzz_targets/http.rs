#![no_main]

use conclave_fuzz::{Target as _, http::Http};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<Http> = RefCell::new(Http::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
