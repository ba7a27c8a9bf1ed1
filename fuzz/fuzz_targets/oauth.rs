//! Parameters of OAuth2: pages, tokens, redirects, PKCE.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz("oauth", bytes));
