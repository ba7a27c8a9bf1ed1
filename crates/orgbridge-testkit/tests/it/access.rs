//! Users, service accounts, roles and permissions. Source: contract, section 4; hardening list, 1 to 4.

mod roles;
mod spare;
mod users;

pub(crate) use spare::{is_about_access, prepare};
