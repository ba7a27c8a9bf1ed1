//! A file of accounts, orgs, users, keys, OAuth2 clients and connections, and how what is kept comes to agree with it.
//!
//! A file goes through three steps: [`document`] reads YAML into a tree in which everything has a place;
//! [`wishes`] reads the tree into values of the domain; [`apply`] runs the rules that make them true, on a
//! draft that is committed as a whole or not at all. Each step reports all that it finds wrong.

mod apply;
mod document;
mod index;
mod location;
mod outcome;
#[cfg(test)]
mod tests;
mod trial;
mod wishes;

pub(crate) use apply::{Policies, apply};
pub(crate) use location::Problem;
pub(crate) use outcome::{MadeKey, Outcome, TallyByKind};
pub use trial::{ImportTrial, try_import};
pub(crate) use wishes::Wishes;
