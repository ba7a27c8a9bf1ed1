//! Entities as rows: one description of each serves its table, its audit entries and the way back.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use orgbridge_domain::{
    Account, AccountId, ApiKey, ApiKeyId, ApplicationKey, ApplicationKeyId, Authorization, AuthorizationId,
    Change, ClientAuthentication, Code, CodeChallenge, ConnectionId, Edit, Kept, KeyDigest, Login, LoginId,
    OauthClient, OauthClientId, Org, OrgConnection, OrgId, RedirectUri, RestrictionPolicy,
    RestrictionPolicyId, Role, RoleId, Site, State, Timestamp, Token, TokenId, User, UserId, login::Shown,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json};
use smallvec::{SmallVec, smallvec};
use uuid::Uuid;

use crate::Entry;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// SQL's NULL.
    Null,
    /// A number, a time or a flag.
    Integer(i64),
    /// A hyphenated UUID.
    Id(Uuid),
    /// Any other text.
    Text(Cow<'a, str>),
}

/// The values of a row, in the order of [`Record::COLUMNS`].
pub(crate) type Values<'a> = SmallVec<[Value<'a>; 9]>;

/// What a column holds, where it does not hold NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A [`Value::Integer`].
    Number,
    /// A [`Value::Id`] or a [`Value::Text`].
    Text,
    /// A text that only one row may hold at a time, or only one of its org.
    UniqueText,
}

/// An entity that has a table.
pub(crate) trait Record: Kept + 'static {
    /// Its table, which is also what audit entries call it.
    const TABLE: &'static str;
    /// The version of the schema that brought the table.
    const SINCE: u32 = 1;
    /// Its columns; the first is `id`.
    const COLUMNS: &'static [&'static str];
    /// Those that a later version of the entity may differ in, and what they hold.
    const CHANGING: &'static [(&'static str, Kind)];
    /// Those that audit entries of earlier versions of this program lack, with the text that stands for them in a new
    /// entity; `None` for NULL.
    const ADDED: &'static [(&'static str, Option<&'static str>)] = &[];

    /// Its row.
    fn values(&self) -> Values<'_>;

    /// Reads a row.
    fn from_source(source: &impl Source) -> Result<Self, BadRecord>;
}

/// A row to be read, column by column, counted from 0.
pub(crate) trait Source {
    /// The text in a column, or `None` for NULL.
    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>, BadRecord>;
    /// The number in a column.
    fn integer(&self, column: usize) -> Result<i64, BadRecord>;
    /// Whether NULL is in a column.
    fn is_null(&self, column: usize) -> Result<bool, BadRecord>;
}

/// A row holds what no rule would have put there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadRecord(pub(crate) String);

impl BadRecord {
    pub(crate) fn at(column: usize, problem: impl Display) -> Self {
        Self(format!("column {column}: {problem}"))
    }
}

/// Reads the text of `column` as a `T`.
fn parse<T>(source: &impl Source, column: usize) -> Result<T, BadRecord>
where
    T: FromStr,
    T::Err: Display,
{
    parse_optional(source, column)?.ok_or_else(|| BadRecord::at(column, "NULL where a text belongs"))
}

fn parse_optional<T>(source: &impl Source, column: usize) -> Result<Option<T>, BadRecord>
where
    T: FromStr,
    T::Err: Display,
{
    source
        .text(column)?
        .map(|text| text.parse().map_err(|problem: T::Err| BadRecord::at(column, problem)))
        .transpose()
}

fn time(source: &impl Source, column: usize) -> Result<Timestamp, BadRecord> {
    source.integer(column).map(Timestamp::from_micros)
}

fn optional_time(source: &impl Source, column: usize) -> Result<Option<Timestamp>, BadRecord> {
    if source.is_null(column)? { Ok(None) } else { time(source, column).map(Some) }
}

fn flag(source: &impl Source, column: usize) -> Result<bool, BadRecord> {
    source.integer(column).map(|number| number != 0)
}

fn digest(source: &impl Source, column: usize) -> Result<KeyDigest, BadRecord> {
    optional_digest(source, column)?.ok_or_else(|| BadRecord::at(column, "NULL where a digest belongs"))
}

fn optional_digest(source: &impl Source, column: usize) -> Result<Option<KeyDigest>, BadRecord> {
    let Some(text) = source.text(column)? else { return Ok(None) };
    let digest = from_hex(&text).map(KeyDigest::from_bytes);
    digest.map(Some).ok_or_else(|| BadRecord::at(column, "expected 64 hex digits"))
}

/// 32 bytes in lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| DIGITS[usize::from(digit)] as char)
        .collect()
}

/// The 32 bytes that 64 hexadecimal digits stand for.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

fn shown(value: impl Display) -> Value<'static> {
    Value::Text(Cow::Owned(value.to_string()))
}

fn optional_id(id: Option<Uuid>) -> Value<'static> {
    id.map_or(Value::Null, Value::Id)
}

/// The key that somebody had shown; none where an issuer outside vouched for them.
fn key_of(shown: Shown) -> Option<Uuid> {
    match shown {
        Shown::ApplicationKey(key) => Some(key.uuid()),
        Shown::Issuer => None,
    }
}

fn hex(digest: &KeyDigest) -> Value<'static> {
    Value::Text(Cow::Owned(to_hex(digest.as_bytes())))
}

fn at(time: Timestamp) -> Value<'static> {
    Value::Integer(time.micros())
}

impl Record for Account {
    const TABLE: &'static str = "account";
    const COLUMNS: &'static [&'static str] = &["id", "name", "created_at_us"];
    const CHANGING: &'static [(&'static str, Kind)] = &[("name", Kind::UniqueText)];

    fn values(&self) -> Values<'_> {
        smallvec![Value::Id(self.id.uuid()), text(self.name.as_str()), at(self.created_at)]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self { id: parse::<AccountId>(source, 0)?, name: parse(source, 1)?, created_at: time(source, 2)? })
    }
}

impl Record for Org {
    const TABLE: &'static str = "org";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "account_id",
        "parent_org_id",
        "public_id",
        "name",
        "disabled",
        "created_at_us",
        "modified_at_us",
        "site",
    ];
    const CHANGING: &'static [(&'static str, Kind)] =
        &[("name", Kind::Text), ("disabled", Kind::Number), ("modified_at_us", Kind::Number)];
    const ADDED: &'static [(&'static str, Option<&'static str>)] = &[("site", Some(Site::DEFAULT.as_str()))];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.account.uuid()),
            optional_id(self.parent.map(OrgId::uuid)),
            text(self.public_id.as_str()),
            text(self.name.as_str()),
            Value::Integer(self.disabled.into()),
            at(self.created_at),
            at(self.modified_at),
            text(self.site.as_str()),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<OrgId>(source, 0)?,
            account: parse(source, 1)?,
            parent: parse_optional(source, 2)?,
            public_id: parse(source, 3)?,
            name: parse(source, 4)?,
            disabled: flag(source, 5)?,
            created_at: time(source, 6)?,
            modified_at: time(source, 7)?,
            site: parse(source, 8)?,
        })
    }
}

impl Record for Role {
    const TABLE: &'static str = "role";
    const COLUMNS: &'static [&'static str] = &["id", "org_id", "name", "permissions", "created_at_us"];
    const CHANGING: &'static [(&'static str, Kind)] =
        &[("name", Kind::UniqueText), ("permissions", Kind::Text)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.org.uuid()),
            text(self.name.as_str()),
            shown(self.permissions),
            at(self.created_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<RoleId>(source, 0)?,
            org: parse(source, 1)?,
            name: parse(source, 2)?,
            permissions: parse(source, 3)?,
            created_at: time(source, 4)?,
        })
    }
}

impl Record for User {
    const TABLE: &'static str = "app_user";
    const COLUMNS: &'static [&'static str] =
        &["id", "org_id", "name", "email", "kind", "role_ids", "disabled", "created_at_us", "modified_at_us"];
    const CHANGING: &'static [(&'static str, Kind)] = &[
        ("name", Kind::Text),
        ("role_ids", Kind::Text),
        ("disabled", Kind::Number),
        ("modified_at_us", Kind::Number),
    ];

    fn values(&self) -> Values<'_> {
        let roles: Vec<String> = self.roles.iter().map(ToString::to_string).collect();
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.org.uuid()),
            text(self.name.as_str()),
            text(self.email.as_str()),
            text(self.kind.as_str()),
            Value::Text(Cow::Owned(roles.join(","))),
            Value::Integer(self.disabled.into()),
            at(self.created_at),
            at(self.modified_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        let roles = source.text(5)?.unwrap_or_default();
        Ok(Self {
            id: parse::<UserId>(source, 0)?,
            org: parse(source, 1)?,
            name: parse(source, 2)?,
            email: parse(source, 3)?,
            kind: parse(source, 4)?,
            roles: roles
                .split(',')
                .filter(|id| !id.is_empty())
                .map(|id| id.parse().map_err(|problem| BadRecord::at(5, problem)))
                .collect::<Result<_, _>>()?,
            disabled: flag(source, 6)?,
            created_at: time(source, 7)?,
            modified_at: time(source, 8)?,
        })
    }
}

impl Record for ApiKey {
    const TABLE: &'static str = "api_key";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "org_id",
        "name",
        "digest",
        "last4",
        "created_at_us",
        "created_by",
        "modified_at_us",
        "modified_by",
    ];
    const CHANGING: &'static [(&'static str, Kind)] =
        &[("name", Kind::Text), ("modified_at_us", Kind::Number), ("modified_by", Kind::Text)];
    const ADDED: &'static [(&'static str, Option<&'static str>)] =
        &[("created_by", None), ("modified_at_us", None), ("modified_by", None)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.org.uuid()),
            text(self.name.as_str()),
            hex(&self.digest),
            text(self.last4.as_str()),
            at(self.created_at),
            optional_id(self.created_by.map(UserId::uuid)),
            self.modified_at.map_or(Value::Null, at),
            optional_id(self.modified_by.map(UserId::uuid)),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<ApiKeyId>(source, 0)?,
            org: parse(source, 1)?,
            name: parse(source, 2)?,
            digest: digest(source, 3)?,
            last4: parse(source, 4)?,
            created_at: time(source, 5)?,
            created_by: parse_optional(source, 6)?,
            modified_at: optional_time(source, 7)?,
            modified_by: parse_optional(source, 8)?,
        })
    }
}

impl Record for ApplicationKey {
    const TABLE: &'static str = "application_key";
    const COLUMNS: &'static [&'static str] =
        &["id", "owner_user_id", "name", "digest", "last4", "scopes", "created_at_us"];
    const CHANGING: &'static [(&'static str, Kind)] = &[("name", Kind::Text), ("scopes", Kind::Text)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.owner.uuid()),
            text(self.name.as_str()),
            hex(&self.digest),
            text(self.last4.as_str()),
            self.scopes.map_or(Value::Null, shown),
            at(self.created_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<ApplicationKeyId>(source, 0)?,
            owner: parse(source, 1)?,
            name: parse(source, 2)?,
            digest: digest(source, 3)?,
            last4: parse(source, 4)?,
            scopes: parse_optional(source, 5)?,
            created_at: time(source, 6)?,
        })
    }
}

impl Record for OrgConnection {
    const TABLE: &'static str = "org_connection";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "source_org_id",
        "sink_org_id",
        "connection_types",
        "created_by",
        "created_at_us",
        "modified_at_us",
    ];
    const CHANGING: &'static [(&'static str, Kind)] =
        &[("connection_types", Kind::Text), ("modified_at_us", Kind::Number)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.source.uuid()),
            Value::Id(self.sink.uuid()),
            shown(self.types),
            Value::Id(self.created_by.uuid()),
            at(self.created_at),
            at(self.modified_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<ConnectionId>(source, 0)?,
            source: parse(source, 1)?,
            sink: parse(source, 2)?,
            types: parse(source, 3)?,
            created_by: parse(source, 4)?,
            created_at: time(source, 5)?,
            modified_at: time(source, 6)?,
        })
    }
}

impl Record for RestrictionPolicy {
    const TABLE: &'static str = "restriction_policy";
    const SINCE: u32 = 6;
    const COLUMNS: &'static [&'static str] = &["id", "org_id", "connection_id", "bindings"];
    const CHANGING: &'static [(&'static str, Kind)] = &[("bindings", Kind::Text)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.org.uuid()),
            Value::Id(self.connection.uuid()),
            shown(&self.bindings),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<RestrictionPolicyId>(source, 0)?,
            org: parse(source, 1)?,
            connection: parse(source, 2)?,
            bindings: parse(source, 3)?,
        })
    }
}

impl Record for OauthClient {
    const TABLE: &'static str = "oauth_client";
    const SINCE: u32 = 7;
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "org_id",
        "name",
        "redirect_uris",
        "refreshes",
        "service_account_id",
        "scopes",
        "authentication",
        "secret_digest",
        "created_by",
        "created_at_us",
    ];
    const CHANGING: &'static [(&'static str, Kind)] = &[
        ("name", Kind::Text),
        ("redirect_uris", Kind::Text),
        ("refreshes", Kind::Number),
        ("scopes", Kind::Text),
    ];

    fn values(&self) -> Values<'_> {
        let uris: Vec<&str> = self.redirect_uris.iter().map(RedirectUri::as_str).collect();
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.org.uuid()),
            text(self.name.as_str()),
            Value::Text(Cow::Owned(uris.join(" "))),
            Value::Integer(self.refreshes.into()),
            optional_id(self.service_account.map(UserId::uuid)),
            shown(self.scopes),
            text(self.authentication.as_str()),
            self.authentication.digest().map_or(Value::Null, hex),
            optional_id(self.created_by.map(UserId::uuid)),
            at(self.created_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        let uris = source.text(3)?.unwrap_or_default();
        let authentication = source.text(7)?.unwrap_or_default();
        let authentication = match (&*authentication, optional_digest(source, 8)?) {
            ("none", None) => ClientAuthentication::Public,
            ("client_secret_basic", Some(digest)) => ClientAuthentication::Basic(digest),
            ("client_secret_post", Some(digest)) => ClientAuthentication::Post(digest),
            _ => {
                return Err(BadRecord::at(
                    7,
                    "expected a way of authentication, and a digest where it has one",
                ));
            }
        };
        Ok(Self {
            id: parse::<OauthClientId>(source, 0)?,
            org: parse(source, 1)?,
            name: parse(source, 2)?,
            redirect_uris: uris
                .split_ascii_whitespace()
                .map(|uri| uri.parse().map_err(|problem| BadRecord::at(3, problem)))
                .collect::<Result<_, _>>()?,
            refreshes: flag(source, 4)?,
            service_account: parse_optional(source, 5)?,
            scopes: parse(source, 6)?,
            authentication,
            created_by: parse_optional(source, 9)?,
            created_at: time(source, 10)?,
        })
    }
}

impl Record for Authorization {
    const TABLE: &'static str = "oauth_authorization";
    const SINCE: u32 = 7;
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "client_id",
        "user_id",
        "application_key_id",
        "scopes",
        "code_digest",
        "redirect_uri",
        "challenge_digest",
        "code_is_spent",
        "created_at_us",
        "expires_at_us",
    ];
    const CHANGING: &'static [(&'static str, Kind)] =
        &[("code_is_spent", Kind::Number), ("expires_at_us", Kind::Number)];

    fn values(&self) -> Values<'_> {
        let code = self.code.as_ref();
        let key = self.shown.and_then(key_of);
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.client.uuid()),
            Value::Id(self.user.uuid()),
            optional_id(key),
            shown(self.scopes),
            code.map_or(Value::Null, |code| hex(&code.digest)),
            code.map_or(Value::Null, |code| text(code.redirect_uri.as_str())),
            code.map_or(Value::Null, |code| hex(code.challenge.digest())),
            Value::Integer(code.is_some_and(|code| code.is_spent).into()),
            at(self.created_at),
            at(self.expires_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        let code = match optional_digest(source, 5)? {
            None => None,
            Some(code) => Some(Code {
                digest: code,
                redirect_uri: parse(source, 6)?,
                challenge: CodeChallenge::new(digest(source, 7)?),
                is_spent: flag(source, 8)?,
            }),
        };
        // Read as one for which nobody was asked, it would outlive the key.
        let shown = match (&code, parse_optional(source, 3)?) {
            (None, None) => None,
            (Some(_), Some(key)) => Some(Shown::ApplicationKey(key)),
            (Some(_), None) => Some(Shown::Issuer),
            (None, Some(_)) => return Err(BadRecord::at(3, "expected no key where there is no code")),
        };
        Ok(Self {
            id: parse::<AuthorizationId>(source, 0)?,
            client: parse(source, 1)?,
            user: parse(source, 2)?,
            shown,
            scopes: parse(source, 4)?,
            code,
            created_at: time(source, 9)?,
            expires_at: time(source, 10)?,
        })
    }
}

impl Record for Token {
    const TABLE: &'static str = "oauth_token";
    const SINCE: u32 = 7;
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "authorization_id",
        "user_id",
        "kind",
        "digest",
        "scopes",
        "is_spent",
        "created_at_us",
        "expires_at_us",
    ];
    const CHANGING: &'static [(&'static str, Kind)] = &[("is_spent", Kind::Number)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.authorization.uuid()),
            Value::Id(self.user.uuid()),
            text(self.kind.as_str()),
            hex(&self.digest),
            shown(self.scopes),
            Value::Integer(self.is_spent.into()),
            at(self.created_at),
            at(self.expires_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<TokenId>(source, 0)?,
            authorization: parse(source, 1)?,
            user: parse(source, 2)?,
            kind: parse(source, 3)?,
            digest: digest(source, 4)?,
            scopes: parse(source, 5)?,
            is_spent: flag(source, 6)?,
            created_at: time(source, 7)?,
            expires_at: time(source, 8)?,
        })
    }
}

impl Record for Login {
    const TABLE: &'static str = "login";
    const SINCE: u32 = 7;
    const COLUMNS: &'static [&'static str] =
        &["id", "user_id", "application_key_id", "digest", "created_at_us", "expires_at_us"];
    const CHANGING: &'static [(&'static str, Kind)] = &[("expires_at_us", Kind::Number)];

    fn values(&self) -> Values<'_> {
        smallvec![
            Value::Id(self.id.uuid()),
            Value::Id(self.user.uuid()),
            optional_id(key_of(self.shown)),
            hex(&self.digest),
            at(self.created_at),
            at(self.expires_at),
        ]
    }

    fn from_source(source: &impl Source) -> Result<Self, BadRecord> {
        Ok(Self {
            id: parse::<LoginId>(source, 0)?,
            user: parse(source, 1)?,
            shown: parse_optional(source, 2)?.map_or(Shown::Issuer, Shown::ApplicationKey),
            digest: digest(source, 3)?,
            created_at: time(source, 4)?,
            expires_at: time(source, 5)?,
        })
    }
}

/// A change in the words of the audit log.
pub(crate) struct Described {
    /// The table of what was changed.
    pub(crate) table: &'static str,
    /// Its id.
    pub(crate) id: Uuid,
    /// Its row before.
    pub(crate) before: Option<String>,
    /// Its row after.
    pub(crate) after: Option<String>,
}

/// Puts a change into the words of the audit log.
pub(crate) fn describe(change: &Change) -> Described {
    fn edit<R: Record>(id: Uuid, edit: &Edit<R>) -> Described {
        let json = |entity: &R| to_json::<R>(&entity.values());
        Described { table: R::TABLE, id, before: edit.before().map(json), after: edit.after().map(json) }
    }
    macro_rules! described {
        ($edit:expr) => {
            edit($edit.entity().id.uuid(), $edit)
        };
    }
    match change {
        Change::Account(account) => described!(account),
        Change::Org(org) => described!(org),
        Change::User(user) => described!(user),
        Change::Role(role) => described!(role),
        Change::ApiKey(key) => described!(key),
        Change::ApplicationKey(key) => described!(key),
        Change::OrgConnection(connection) => described!(connection),
        Change::RestrictionPolicy(policy) => described!(policy),
        Change::OauthClient(client) => described!(client),
        Change::Authorization(authorization) => described!(authorization),
        Change::Token(token) => described!(token),
        Change::Login(login) => described!(login),
    }
}

/// The row as a JSON object, column by column.
pub(crate) fn to_json<R: Record>(values: &[Value<'_>]) -> String {
    struct Row<'a, 'v, R>(&'a [Value<'v>], std::marker::PhantomData<R>);

    impl<R: Record> Serialize for Row<'_, '_, R> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (column, value) in R::COLUMNS.iter().zip(self.0) {
                match value {
                    Value::Null => map.serialize_entry(column, &())?,
                    Value::Integer(number) => map.serialize_entry(column, number)?,
                    Value::Id(id) => {
                        let mut buffer = Uuid::encode_buffer();
                        map.serialize_entry(column, id.hyphenated().encode_lower(&mut buffer))?;
                    }
                    Value::Text(text) => map.serialize_entry(column, text)?,
                }
            }
            map.end()
        }
    }

    // Numbers and texts always have a JSON form.
    serde_json::to_string(&Row::<'_, '_, R>(values, std::marker::PhantomData)).unwrap_or_default()
}

impl From<Value<'_>> for Json {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => number.into(),
            Value::Id(id) => id.as_hyphenated().to_string().into(),
            Value::Text(text) => text.into_owned().into(),
        }
    }
}

/// A JSON object as [`to_json`] wrote it.
struct JsonRow {
    columns: &'static [&'static str],
    members: Map<String, Json>,
}

impl JsonRow {
    fn read<R: Record>(json: &str) -> Result<Self, BadRecord> {
        let members = serde_json::from_str(json).map_err(|problem| BadRecord(problem.to_string()))?;
        Ok(Self { columns: R::COLUMNS, members })
    }

    /// Puts in what the absence of columns means, and says which they are.
    fn fill_in<R: Record>(&mut self) -> SmallVec<[&'static str; 3]> {
        let mut absent = SmallVec::new();
        for (name, text) in R::ADDED {
            self.members.entry(*name).or_insert_with(|| {
                absent.push(*name);
                Json::from(*text)
            });
        }
        absent
    }

    fn member(&self, column: usize) -> Result<&Json, BadRecord> {
        let name = self.columns.get(column).copied().unwrap_or_default();
        self.members.get(name).ok_or_else(|| BadRecord(format!("{name} is missing")))
    }
}

impl Source for JsonRow {
    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>, BadRecord> {
        match self.member(column)? {
            Json::Null => Ok(None),
            Json::String(text) => Ok(Some(Cow::Borrowed(text))),
            other => Err(BadRecord::at(column, format!("{other} where a text belongs"))),
        }
    }

    fn integer(&self, column: usize) -> Result<i64, BadRecord> {
        let member = self.member(column)?;
        member.as_i64().ok_or_else(|| BadRecord::at(column, format!("{member} where a number belongs")))
    }

    fn is_null(&self, column: usize) -> Result<bool, BadRecord> {
        self.member(column).map(Json::is_null)
    }
}

/// The change that an audit entry records, by which `state` is left; `None` where it is of no kind that this program knows.
pub(crate) fn change_of(entry: &Entry, state: &State) -> Option<Result<Change, BadRecord>> {
    let (before, after) = (entry.before.as_deref(), entry.after.as_deref());
    macro_rules! read {
        ($kind:ident, $known:ident) => {
            edit_from_json(before, after, |read: &$kind| state.$known(read.id).map(|known| &**known))
                .map(Change::$kind)
        };
    }
    Some(match entry.entity.as_str() {
        Account::TABLE => read!(Account, account),
        Org::TABLE => read!(Org, org),
        Role::TABLE => read!(Role, role),
        User::TABLE => read!(User, user),
        ApiKey::TABLE => read!(ApiKey, api_key),
        ApplicationKey::TABLE => read!(ApplicationKey, application_key),
        OrgConnection::TABLE => read!(OrgConnection, connection),
        RestrictionPolicy::TABLE => read!(RestrictionPolicy, restriction_policy),
        OauthClient::TABLE => read!(OauthClient, oauth_client),
        Authorization::TABLE => read!(Authorization, authorization),
        Token::TABLE => read!(Token, token),
        Login::TABLE => read!(Login, login),
        _ => return None,
    })
}

fn edit_from_json<'s, R: Record>(
    before: Option<&str>,
    after: Option<&str>,
    known: impl Fn(&R) -> Option<&'s R>,
) -> Result<Edit<R>, BadRecord> {
    match (before, after) {
        (None, Some(after)) => Ok(Edit::Create(from_json(after, |_| None)?)),
        (Some(before), Some(after)) => {
            Ok(Edit::Replace { before: from_json(before, &known)?, after: from_json(after, &known)? })
        }
        (Some(before), None) => Ok(Edit::Delete(from_json(before, &known)?)),
        (None, None) => Err(BadRecord("neither a row before nor one after".to_owned())),
    }
}

/// Whoever did not write a column did not know of it, and has left it as it was: it is taken from what is known of the
/// entity, and stands for what its absence means in a new one.
fn from_json<'s, R: Record>(json: &str, known: impl Fn(&R) -> Option<&'s R>) -> Result<R, BadRecord> {
    let mut row = JsonRow::read::<R>(json)?;
    let absent = row.fill_in::<R>();
    let read = R::from_source(&row)?;
    if absent.is_empty() {
        return Ok(read);
    }
    let Some(known) = known(&read) else { return Ok(read) };
    for (column, value) in R::COLUMNS.iter().zip(known.values()) {
        if absent.contains(column) {
            row.members.insert((*column).to_owned(), value.into());
        }
    }
    R::from_source(&row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "c3d4e5f6-a7b8-4c9d-8e0f-1a2b3c4d5e6f";

    fn authorization(key: &str, code: &str) -> String {
        let id = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
        format!(
            r#"{{"id":"{id}","client_id":"{id}","user_id":"{id}","application_key_id":{key},"scopes":"org_connections_read",{code},"code_is_spent":0,"created_at_us":1,"expires_at_us":2}}"#
        )
    }

    #[test]
    fn an_authorization_that_somebody_gave_is_read_with_what_they_had_shown_or_not_at_all() {
        let digest = "0".repeat(64);
        let code = format!(
            r#""code_digest":"{digest}","redirect_uri":"https://app.example.com/","challenge_digest":"{digest}""#
        );
        let none = r#""code_digest":null,"redirect_uri":null,"challenge_digest":null"#;
        let key = format!("\"{KEY}\"");
        for (row, shown) in [
            (authorization(&key, &code), Some(Shown::ApplicationKey(KEY.parse().unwrap()))),
            (authorization("null", &code), Some(Shown::Issuer)),
            (authorization("null", none), None),
        ] {
            let read: Authorization = from_json(&row, |_| None).unwrap();
            assert_eq!(read.shown, shown);
            assert_eq!(to_json::<Authorization>(&read.values()), row);
        }
        let problem = from_json::<Authorization>(&authorization(&key, none), |_| None).unwrap_err();
        assert!(problem.to_string().starts_with("column 3: "), "{problem}");
    }
}
