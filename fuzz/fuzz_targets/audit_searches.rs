//! Searches of the audit trail, and where they go on.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("audit_searches", bytes));
