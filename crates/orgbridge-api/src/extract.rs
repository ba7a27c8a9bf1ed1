//! What handlers take from a request, one file for each. The first that a handler names is whom it admits.

mod access_query;
mod audit_query;
mod client_header;
mod credentials;
mod form_body;
mod granted;
mod id_path;
mod json_body;
mod keys_query;
mod list_query;
mod lockout_query;
mod orgs_query;
mod paging;
mod parameters;

pub(crate) use access_query::{HoldersQuery, RolesQuery, UsersQuery};
pub(crate) use audit_query::{AUDIT_SORTS, AuditQuery};
pub(crate) use client_header::ClientHeader;
pub(crate) use credentials::{CredentialProblem, Credentials, Presented};
pub(crate) use form_body::{FormBody, FromForm};
pub(crate) use granted::{Anyone, ApiKeyHolder, Asking, Granted, SignedIn};
pub(crate) use id_path::{IdPath, InPath, ServiceAccount};
pub(crate) use json_body::{BodyProblem, JsonBody, JsonBodyIfAny};
pub(crate) use keys_query::{
    ApiKeyInclude, ApiKeysQuery, ApplicationKeyInclude, ApplicationKeysQuery, KeysOfOneQuery,
};
pub(crate) use list_query::ListQuery;
pub(crate) use lockout_query::LockoutQuery;
pub(crate) use orgs_query::OrgsQuery;
pub(crate) use parameters::Parameters;
