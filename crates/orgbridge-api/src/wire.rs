//! The shapes that go over the wire. Each converts to or from the domain in its own file and nowhere else.

mod api_key;
mod application_key;
mod audit;
mod audit_input;
mod connection;
mod connection_input;
mod connection_list;
mod current_user;
mod decision;
mod input;
mod key_input;
mod list_meta;
mod managed_orgs;
mod oauth_client;
mod oauth_metadata;
mod org;
mod org_input;
mod org_v1;
mod permission;
mod resource;
mod restriction_policy;
mod role;
mod role_input;
mod schema;
mod token;
mod user;
mod user_input;
mod validation;

pub(crate) use api_key::{ApiKeyDocument, ApiKeyList};
pub(crate) use application_key::{ApplicationKeyDocument, ApplicationKeyList};
pub(crate) use audit::AuditEvents;
pub(crate) use audit_input::SearchAuditEvents;
pub(crate) use connection::ConnectionResource;
pub(crate) use connection_input::{CreateConnection, UpdateConnection};
pub(crate) use connection_list::ConnectionList;
pub(crate) use current_user::CurrentUser;
pub(crate) use decision::{DecisionForm, LoginForm};
pub(crate) use key_input::{CreateApiKey, CreateApplicationKey, UpdateApiKey, UpdateApplicationKey};
pub(crate) use managed_orgs::ManagedOrgs;
pub(crate) use oauth_client::{RegisterOauthClient, RegisteredOauthClient, read_scope};
pub(crate) use oauth_metadata::OauthMetadata;
pub(crate) use org_input::{CreateChildOrg, UpdateOrg};
pub(crate) use org_v1::{ChildOrgV1, OrgDocumentV1, OrgListV1};
pub(crate) use permission::PermissionList;
pub(crate) use resource::{Document, Empty, Resource, Textual};
pub(crate) use restriction_policy::{
    RestrictedConnection, RestrictionPolicyResource, UpdateRestrictionPolicy,
};
pub(crate) use role::{RoleList, RoleResource};
pub(crate) use role_input::{CreateRole, RolePermission, RoleUser, UpdateRole};
pub(crate) use schema::restricted_connection_text as restricted_connection;
pub(crate) use token::{RevocationForm, TokenForm, TokenReply};
pub(crate) use user::{UserDocument, UserList};
pub(crate) use user_input::{CreateServiceAccount, CreateUser, UpdateUser};
pub(crate) use validation::{ApiKeyIsLive, KeysAreLive};
