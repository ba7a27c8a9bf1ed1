//! The shapes that go over the wire. Each converts to or from the domain in its own file and nowhere else.

mod connection;
mod connection_input;
mod connection_list;
mod current_user;
mod managed_orgs;
mod org;
mod org_v1;
mod resource;
mod schema;
mod user;
mod validation;

pub(crate) use connection::ConnectionResource;
pub(crate) use connection_input::{CreateConnection, UpdateConnection};
pub(crate) use connection_list::ConnectionList;
pub(crate) use current_user::CurrentUser;
pub(crate) use managed_orgs::ManagedOrgs;
pub(crate) use org_v1::OrgListV1;
pub(crate) use resource::{Document, Empty, Resource, Textual};
pub(crate) use validation::{ApiKeyIsLive, KeysAreLive};
