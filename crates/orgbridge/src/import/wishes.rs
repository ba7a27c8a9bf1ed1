//! What a file asks for, as values of the domain.

mod reader;

use std::str::FromStr;

use orgbridge_domain::{
    AccountId, ApiKeyId, ApiKeySecret, ApplicationKeyId, ApplicationKeySecret, ClientAuthentication,
    ConnectionId, ConnectionTypes, Email, Name, OauthClientId, OrgId, PermissionSet, PublicId, RedirectUri,
    RoleId, SecretUse, Site, TokenSecret, UserId,
};

use super::document;
use super::location::{Location, Problem};
use crate::random::{self, NoRandomness};
use reader::{Fields, Reading};

/// What a file asks for. An attribute that it doesn't mention is left as it is.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(super) accounts: Vec<AccountWish>,
    /// How many things are wished for in all.
    pub(crate) count: usize,
}

/// Things of one kind, and whether each of them could be read: if not, a name that is missed among them may be
/// that of one that could not.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) wishes: Vec<T>,
    pub(super) complete: bool,
}

#[derive(Debug)]
pub(super) struct AccountWish {
    pub(super) at: Location,
    pub(super) id: Identity<AccountId>,
    pub(super) name: Name,
    pub(super) orgs: Listed<OrgWish>,
    pub(super) connections: Listed<ConnectionWish>,
}

#[derive(Debug)]
pub(super) struct OrgWish {
    pub(super) at: Location,
    pub(super) id: Identity<OrgId>,
    pub(super) public_id: Option<PublicId>,
    pub(super) site: Option<Site>,
    pub(super) name: Name,
    pub(super) disabled: Option<bool>,
    pub(super) roles: Listed<RoleWish>,
    pub(super) users: Listed<UserWish>,
    pub(super) api_keys: Listed<ApiKeyWish>,
    pub(super) oauth_clients: Listed<OauthClientWish>,
}

#[derive(Debug)]
pub(super) struct RoleWish {
    pub(super) at: Location,
    pub(super) id: Identity<RoleId>,
    pub(super) name: Name,
    pub(super) permissions: PermissionSet,
}

#[derive(Debug)]
pub(super) struct UserWish {
    pub(super) at: Location,
    pub(super) id: Identity<UserId>,
    pub(super) name: Name,
    pub(super) email: Email,
    pub(super) roles: Option<Vec<Reference>>,
    pub(super) service_account: Option<bool>,
    pub(super) disabled: Option<bool>,
    pub(super) application_keys: Listed<ApplicationKeyWish>,
}

#[derive(Debug)]
pub(super) struct ApiKeyWish {
    pub(super) at: Location,
    pub(super) id: Identity<ApiKeyId>,
    pub(super) name: Name,
    pub(super) secret: Secret<ApiKeySecret>,
}

#[derive(Debug)]
pub(super) struct ApplicationKeyWish {
    pub(super) at: Location,
    pub(super) id: Identity<ApplicationKeyId>,
    pub(super) name: Name,
    pub(super) secret: Secret<ApplicationKeySecret>,
    pub(super) scopes: Option<PermissionSet>,
}

#[derive(Debug)]
pub(super) struct OauthClientWish {
    pub(super) at: Location,
    pub(super) id: Identity<OauthClientId>,
    pub(super) name: Name,
    pub(super) redirect_uris: Option<Vec<RedirectUri>>,
    pub(super) refresh: Option<bool>,
    pub(super) service_account: Option<Reference>,
    pub(super) scopes: Option<PermissionSet>,
    pub(super) authentication: Option<Authentication>,
    pub(super) secret: Secret<TokenSecret>,
}

/// How a client is to prove itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Authentication {
    None,
    #[default]
    Basic,
    Post,
}

/// The text names no way in which a client proves itself.
#[derive(Debug, thiserror::Error)]
#[error("expected none, client_secret_basic or client_secret_post")]
pub(super) struct NotAnAuthentication;

impl Authentication {
    /// The same, by this secret.
    pub(super) fn by(self, secret: &TokenSecret) -> ClientAuthentication {
        match self {
            Self::None => ClientAuthentication::Public,
            Self::Basic => ClientAuthentication::Basic(secret.digest()),
            Self::Post => ClientAuthentication::Post(secret.digest()),
        }
    }
}

impl FromStr for Authentication {
    type Err = NotAnAuthentication;

    fn from_str(text: &str) -> Result<Self, NotAnAuthentication> {
        match text {
            "none" => Ok(Self::None),
            "client_secret_basic" => Ok(Self::Basic),
            "client_secret_post" => Ok(Self::Post),
            _ => Err(NotAnAuthentication),
        }
    }
}

#[derive(Debug)]
pub(super) struct ConnectionWish {
    pub(super) at: Location,
    pub(super) id: Identity<ConnectionId>,
    pub(super) source: Reference,
    pub(super) sink: Reference,
    pub(super) types: ConnectionTypes,
    pub(super) created_by: Reference,
    pub(super) source_policy: Option<PolicyWish>,
    pub(super) sink_policy: Option<PolicyWish>,
}

/// What one side of a connection says about it.
#[derive(Debug)]
pub(super) struct PolicyWish {
    pub(super) at: Location,
    pub(super) editors: Option<Vec<Reference>>,
    pub(super) viewers: Option<Vec<Reference>>,
}

/// The id of something that may exist.
#[derive(Debug, Clone, Copy)]
pub(super) enum Identity<I> {
    /// The file says which it is.
    Given(I),
    /// It is found by what it is called; this is its id if it has to be made.
    ByName(I),
}

impl<I: Copy> Identity<I> {
    /// The id to make it with.
    pub(super) fn to_make(self) -> I {
        match self {
            Self::Given(id) | Self::ByName(id) => id,
        }
    }
}

/// The secret of a key that may exist.
#[derive(Debug)]
pub(super) enum Secret<S> {
    /// The file says what it is.
    Given(S),
    /// Nobody knows it yet; this is it if the key has to be made.
    Fresh(S),
}

impl<S> Secret<S> {
    /// The secret that the file gives.
    pub(super) fn given(&self) -> Option<&S> {
        match self {
            Self::Given(secret) => Some(secret),
            Self::Fresh(_) => None,
        }
    }

    /// The secret to make the key with.
    pub(super) fn to_make(&self) -> &S {
        match self {
            Self::Given(secret) | Self::Fresh(secret) => secret,
        }
    }
}

/// Something else that the file mentions, by id or by what it is called.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) at: Location,
    pub(super) named: String,
}

impl Wishes {
    /// Reads a file's text, as far as it can be understood, with all that can't be.
    ///
    /// # Errors
    /// [`NoRandomness`] if no id can be made for what has none.
    pub(crate) fn read(text: &str) -> Result<(Self, Vec<Problem>), NoRandomness> {
        let document = match document::read(text) {
            Ok(document) => document,
            Err(problem) => return Ok((Self::default(), vec![problem])),
        };
        let mut reading = Reading::new()?;
        let accounts =
            reading.top(&document, |reading, fields| Some(fields.list(reading, "accounts", account)));
        let accounts = accounts.map(|accounts| accounts.wishes).unwrap_or_default();
        let (count, problems) = reading.finish()?;
        Ok((Self { accounts, count }, problems))
    }
}

fn account(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<AccountWish> {
    let id = fields.id(reading, "id", AccountId::new);
    let name = fields.required(reading, "name");
    let orgs = fields.list(reading, "orgs", org);
    let connections = fields.list(reading, "connections", connection);
    Some(AccountWish { at: fields.location(), id, name: name?, orgs, connections })
}

fn org(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<OrgWish> {
    let id = fields.id(reading, "id", OrgId::new);
    let public_id = fields.optional(reading, "public_id");
    let site = fields.optional(reading, "site");
    let name = fields.required(reading, "name");
    let disabled = fields.flag(reading, "disabled");
    let roles = fields.list(reading, "roles", role);
    let users = fields.list(reading, "users", user);
    let api_keys = fields.list(reading, "api_keys", api_key);
    let oauth_clients = fields.list(reading, "oauth_clients", oauth_client);
    let at = fields.location();
    Some(OrgWish { at, id, public_id, site, name: name?, disabled, roles, users, api_keys, oauth_clients })
}

fn role(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<RoleWish> {
    let id = fields.id(reading, "id", RoleId::new);
    let name = fields.required(reading, "name");
    let permissions = fields.required_permissions(reading, "permissions");
    Some(RoleWish { at: fields.location(), id, name: name?, permissions: permissions? })
}

fn user(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<UserWish> {
    let id = fields.id(reading, "id", UserId::new);
    let name = fields.required(reading, "name");
    let email = fields.required(reading, "email");
    let roles = fields.references(reading, "roles");
    let service_account = fields.flag(reading, "service_account");
    let disabled = fields.flag(reading, "disabled");
    let application_keys = fields.list(reading, "application_keys", application_key);
    Some(UserWish {
        at: fields.location(),
        id,
        name: name?,
        email: email?,
        roles,
        service_account,
        disabled,
        application_keys,
    })
}

fn api_key(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<ApiKeyWish> {
    let id = fields.id(reading, "id", ApiKeyId::new);
    let name = fields.required(reading, "name");
    let secret = fields.secret(reading, "key", str::parse, random::api_key);
    Some(ApiKeyWish { at: fields.location(), id, name: name?, secret: secret? })
}

fn application_key(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<ApplicationKeyWish> {
    let id = fields.id(reading, "id", ApplicationKeyId::new);
    let name = fields.required(reading, "name");
    let secret = fields.secret(reading, "key", str::parse, random::application_key);
    let scopes = fields.permissions(reading, "scopes");
    Some(ApplicationKeyWish { at: fields.location(), id, name: name?, secret: secret?, scopes })
}

fn oauth_client(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<OauthClientWish> {
    let before = reading.problem_count();
    let id = fields.id(reading, "id", OauthClientId::new);
    let name = fields.required(reading, "name");
    let redirect_uris = fields.values(reading, "redirect_uris");
    let refresh = fields.flag(reading, "refresh");
    let service_account = fields.optional_reference(reading, "service_account");
    let scopes = fields.permissions(reading, "scopes");
    let authentication = fields.optional(reading, "authentication");
    let read = |text: &str| TokenSecret::read(SecretUse::Client, text);
    let secret = fields.secret(reading, "secret", read, random::client_secret);
    // Without what could not be read it would be another client, which may be one that can't be.
    if reading.problem_count() > before {
        return None;
    }
    Some(OauthClientWish {
        at: fields.location(),
        id,
        name: name?,
        redirect_uris,
        refresh,
        service_account,
        scopes,
        authentication,
        secret: secret?,
    })
}

fn connection(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<ConnectionWish> {
    let id = fields.id(reading, "id", ConnectionId::new);
    let source = fields.reference(reading, "source");
    let sink = fields.reference(reading, "sink");
    let types = fields.types(reading, "types");
    let created_by = fields.reference(reading, "created_by");
    let source_policy = fields.mapping(reading, "source_policy", policy);
    let sink_policy = fields.mapping(reading, "sink_policy", policy);
    Some(ConnectionWish {
        at: fields.location(),
        id,
        source: source?,
        sink: sink?,
        types: types?,
        created_by: created_by?,
        source_policy,
        sink_policy,
    })
}

fn policy(reading: &mut Reading, fields: &mut Fields<'_>) -> Option<PolicyWish> {
    let editors = fields.references(reading, "editors");
    let viewers = fields.references(reading, "viewers");
    if editors.is_none() && viewers.is_none() {
        fields.complain(reading, "expected editors, viewers or both");
        return None;
    }
    Some(PolicyWish { at: fields.location(), editors, viewers })
}
