//! Everything that is fuzzed.

mod audit_searches;
mod bodies;
mod commands;
mod configuration;
mod headers;
mod heads;
mod import_files;
mod oauth;
mod paths;
mod policies;
mod queries;

use crate::Target;

/// Every target, in the order of their names.
pub static TARGETS: [Target; 11] = [
    audit_searches::TARGET,
    bodies::TARGET,
    commands::TARGET,
    configuration::TARGET,
    headers::TARGET,
    heads::TARGET,
    import_files::TARGET,
    oauth::TARGET,
    paths::TARGET,
    policies::TARGET,
    queries::TARGET,
];

/// The first line of an input, and what is behind it.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, b""),
    }
}
