//! One function per call: take, decide, show. Nothing else lives here.

pub(crate) mod current_user;
pub(crate) mod org_connections;
pub(crate) mod orgs;
pub(crate) mod validate;
