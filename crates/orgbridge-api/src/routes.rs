//! One function per call: take, decide, show. Beside each stands what the description of the API says of it in
//! words, and what its rule can refuse.

pub(crate) mod api_keys;
pub(crate) mod application_keys;
pub(crate) mod audit;
pub(crate) mod authorize;
pub(crate) mod current_user;
pub(crate) mod documents;
pub(crate) mod evaluations;
pub(crate) mod oauth;
pub(crate) mod oauth_clients;
pub(crate) mod org_connections;
pub(crate) mod orgs;
pub(crate) mod restriction_policies;
pub(crate) mod roles;
pub(crate) mod service_account_keys;
pub(crate) mod service_accounts;
pub(crate) mod users;
pub(crate) mod validate;
