//! The shapes that go over the wire. Each converts to or from the domain in its own file and nowhere else.

mod api_key;
mod application_key;
mod connection;
mod connection_input;
mod connection_list;
mod current_user;
mod key_input;
mod managed_orgs;
mod org;
mod org_input;
mod org_v1;
mod resource;
mod schema;
mod user;
mod validation;

pub(crate) use api_key::{ApiKeyDocument, ApiKeyList};
pub(crate) use application_key::{ApplicationKeyDocument, ApplicationKeyList};
pub(crate) use connection::ConnectionResource;
pub(crate) use connection_input::{CreateConnection, UpdateConnection};
pub(crate) use connection_list::ConnectionList;
pub(crate) use current_user::CurrentUser;
pub(crate) use key_input::{CreateApiKey, CreateApplicationKey, UpdateApiKey, UpdateApplicationKey};
pub(crate) use managed_orgs::ManagedOrgs;
pub(crate) use org_input::{CreateChildOrg, UpdateOrg};
pub(crate) use org_v1::{ChildOrgV1, OrgDocumentV1, OrgListV1};
pub(crate) use resource::{Document, Empty, Resource, Textual};
pub(crate) use validation::{ApiKeyIsLive, KeysAreLive};
