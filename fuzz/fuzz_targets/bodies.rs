//! Bodies of JSON, for every call that takes one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("bodies", bytes));
