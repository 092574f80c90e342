#![no_main]

use conclave_fuzz::{Target as _, cache_key::CacheKey};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<CacheKey> = RefCell::new(CacheKey::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
