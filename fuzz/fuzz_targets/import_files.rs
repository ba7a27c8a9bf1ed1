//! Files to import, in YAML or JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("import_files", bytes));
