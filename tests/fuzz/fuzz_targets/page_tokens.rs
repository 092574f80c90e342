#![no_main]

use conclave_fuzz::{Target as _, page_tokens::PageTokens};
use std::cell::RefCell;

thread_local!(static TARGET: RefCell<PageTokens> = RefCell::new(PageTokens::new()));

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.with_borrow_mut(|target| target.run(input)));
