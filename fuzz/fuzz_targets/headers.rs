//! Headers: credentials, the host, names of requests, revisions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("headers", bytes));
