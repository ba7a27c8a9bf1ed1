//! Bytes on a socket of HTTP/1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("heads", bytes));
