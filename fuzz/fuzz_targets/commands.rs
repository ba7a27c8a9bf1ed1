//! Commands, on a state, on a ledger and on a model.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("commands", bytes));
