//! The API held to its contract: real requests to a real server, whole replies.
//!
//! `org_connections`, `restriction_policies`, `access`, `validate`, `current_user`, `orgs`, `api_keys` and
//! `application_keys` go through the calls; `evaluations` asks for decisions; `oauth` comes by tokens and uses them;
//! `credentials`, `freshness`, `rate_limits`, `rate_store`, `bodies` and `paths` go through what all calls have in common; `openapi`
//! holds the description, and `compatibility` a document, to what is answered; `rights` tries everybody on everything;
//! `walls`, `sites`, `sockets`, `json_suite`, `hostile`, `secrets` and `faults` hold what must hold against malice and bad
//! luck; `terraform` lives the life of a client that keeps a state of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod api_keys;
mod application_keys;
mod audit;
mod bodies;
mod compatibility;
mod credentials;
mod current_user;
mod evaluations;
mod external_issuer;
mod faults;
mod freshness;
mod hostile;
mod json_suite;
mod oauth;
mod openapi;
mod org_connections;
mod orgs;
mod paths;
mod rate_limits;
mod rate_store;
mod restriction_policies;
mod rights;
mod secrets;
mod service_account_keys;
mod sites;
mod sockets;
mod terraform;
mod validate;
mod walls;
