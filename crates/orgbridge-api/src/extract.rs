//! What handlers take from a request, one file for each. The first that a handler names is whom it admits.

mod connection_path;
mod credentials;
mod granted;
mod json_body;
mod key_path;
mod keys_query;
mod list_query;
mod org_path;
mod orgs_query;
mod parameters;

pub(crate) use connection_path::ConnectionPath;
pub(crate) use credentials::{CredentialProblem, Credentials, Presented};
pub(crate) use granted::{Anyone, ApiKeyHolder, Granted, SignedIn};
pub(crate) use json_body::{BodyProblem, JsonBody};
pub(crate) use key_path::{ApiKeyPath, ApplicationKeyPath};
pub(crate) use keys_query::{ApiKeyInclude, ApiKeysQuery, ApplicationKeyInclude, ApplicationKeysQuery};
pub(crate) use list_query::ListQuery;
pub(crate) use org_path::OrgPath;
pub(crate) use orgs_query::OrgsQuery;
use parameters::Parameters;
