#![no_main]

use conclave_fuzz::{Target as _, database_url::DatabaseUrl};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<DatabaseUrl> = RefCell::new(DatabaseUrl::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
