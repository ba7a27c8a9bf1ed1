//! The rules, as the contract words them, and against a model too plain to be wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod connections;
mod escalation;
mod evaluation;
mod external;
mod keys;
mod model;
mod oauth;
mod people;
mod restriction_policies;
mod roles;
mod same_work;
mod sites;

use orgbridge_model::world;
