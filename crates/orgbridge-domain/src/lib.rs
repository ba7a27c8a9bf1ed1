//! What Orgbridge decides.
//!
//! Two organizations keep their telemetry apart. One, the *source*, lets another, the *sink*, query some of
//! it. That permission is an [`OrgConnection`]. This crate holds who may make, change, see and use one, as
//! plain functions over [`State`]:
//!
//! - A **rule** takes a [`Grant`] and values, and returns what it [`Decided`] or a [`Refusal`].
//! - A **grant** is proof, made by [`Session`] alone, that a [`Principal`] holds a permission in an org.
//! - A **change** is the only way to alter state, and becomes an entry of the audit log.
//!
//! There is no I/O here, no clock, no randomness and no async: times, ids and secrets come in as arguments.

pub mod account;
pub mod api_key;
pub mod application_key;
pub mod authorization;
mod change;
mod connection_types;
mod draft;
pub mod evaluation;
mod external;
mod grant;
mod id;
mod kept_names;
mod key;
pub mod key_list;
mod layered;
mod listing;
pub mod login;
mod neighbours;
pub mod oauth_client;
mod oauth_problem;
pub mod org;
pub mod org_connection;
mod permission;
mod redirect_uri;
mod refusal;
pub mod restriction_policy;
pub mod role;
pub mod service_account_key;
mod site;
mod state;
pub mod sweep;
mod text;
mod timestamp;
pub mod token;
mod token_secret;
pub mod user;

pub use account::Account;
pub use authorization::{Authorization, Code, NewAuthorization};
pub use change::{Change, Decided, Edit};
pub use connection_types::{ConnectionType, ConnectionTypes, NotAConnectionType, TypesProblem};
pub use draft::Draft;
pub use external::{ExternalToken, IssuerName, Subject, TokenName};
pub use grant::{
    ClientGrant, Credential, Deployment, Grant, MissingFrom, NotAuthenticated, Principal, Session,
    authenticate, authenticate_api_key, authenticate_external, authenticate_login, authenticate_token,
};
pub use id::{
    AccountId, ApiKeyId, ApplicationKeyId, AuthorizationId, ConnectionId, LoginId, NotAnId, OauthClientId,
    OrgId, PermissionId, RestrictionPolicyId, RoleId, TokenId, UserId,
};
pub use key::{ApiKey, ApiKeySecret, ApplicationKey, ApplicationKeySecret, KeyDigest, Last4, NotAKey};
pub use listing::{Direction, Listing, Page, Part};
pub use login::Login;
pub use oauth_client::{
    ClientAuthentication, ClientProblem, ClientProof, NewOauthClient, OauthClient, OauthClientEdit,
};
pub use oauth_problem::OauthProblem;
pub use org::Org;
pub use org_connection::OrgConnection;
pub use permission::{NotAPermission, Permission, PermissionSet, Reach, Right, right};
pub use redirect_uri::{NotARedirectUri, RedirectUri};
pub use refusal::{Refusal, Verb, WhyNotAllowed};
pub use restriction_policy::RestrictionPolicy;
pub use role::{ManagedRole, Role};
pub use site::{CrossSite, NotASite, Site, SiteScope};
pub use state::{Kept, Pair, Place, State};
pub use text::{Email, Name, NotAPublicId, PublicId, TextProblem};
pub use timestamp::{NotATime, Timestamp};
pub use token::{Token, TokenKind};
pub use token_secret::{CodeChallenge, NotASecret, SecretUse, TokenSecret};
pub use user::{User, UserKind};
