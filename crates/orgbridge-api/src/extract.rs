//! What handlers take from a request, one file for each. The first that a handler names is whom it admits.

mod connection_path;
mod credentials;
mod granted;
mod json_body;
mod list_query;
mod orgs_query;
mod parameters;

pub(crate) use connection_path::ConnectionPath;
pub(crate) use credentials::{CredentialProblem, Credentials, Presented};
pub(crate) use granted::{Anyone, ApiKeyHolder, Granted, SignedIn};
pub(crate) use json_body::{BodyProblem, JsonBody};
pub(crate) use list_query::ListQuery;
pub(crate) use orgs_query::OrgsQuery;
use parameters::Parameters;
