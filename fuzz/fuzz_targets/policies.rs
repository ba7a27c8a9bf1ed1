//! Bindings of restriction policies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("policies", bytes));
