//! What a rule refuses, and how it says so.

use std::fmt;

use crate::restriction_policy::Subject;
use crate::{
    ClientProblem, ConnectionId, ManagedRole, MissingFrom, NotAuthenticated, OauthProblem, OrgId, Permission,
    Site, TypesProblem, User,
};

/// Why a rule said no. `Display` is the first error string that a client sees, word for word as the real
/// service says it where a recording of that exists; [`Refusal::details`] are the strings behind it.
///
/// Source: contract, section 1, "Errors".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller is nobody, or no longer somebody.
    #[error("Unauthorized")]
    Unauthorized(#[from] NotAuthenticated),
    /// The caller lacks a permission.
    #[error("Forbidden")]
    Forbidden {
        /// The permission that the call needs.
        permission: Permission,
        /// Where it would have to stand.
        missing_from: MissingFrom,
    },
    /// A sink tried to change what it is shown.
    #[error("Forbidden")]
    OnlyTheSourceMayUpdate,
    /// The restriction policy of the org does not let the principal edit the connection.
    #[error("Forbidden")]
    NoEditor,
    /// The principal could edit the connection no more.
    #[error("you would lock yourself out of the connection")]
    LocksItselfOut,
    /// A restriction policy would bind what the org has not.
    #[error("Validation failed for input.")]
    UnknownSubject {
        /// In which binding, counted from 0.
        binding: usize,
        /// Where in it, counted from 0.
        place: usize,
        /// Whom it names.
        subject: Subject,
    },
    /// Only the command line on the database itself may do this, or it has to name an org.
    #[error("Forbidden")]
    OperatorOnly,
    /// A role or key would allow what its maker may not do.
    #[error("Forbidden")]
    BeyondOwnRights(Permission),
    /// A user or role that may do what the principal may not would be changed.
    #[error("Forbidden")]
    BeyondReach(Permission),
    /// A user would come to be bound by a restriction policy, or to act as somebody who is, more closely than the
    /// principal.
    #[error("Forbidden")]
    BeyondOwnStanding,
    /// A role that every org has would be changed or deleted.
    #[error("Forbidden")]
    Managed(ManagedRole),
    /// A user would get another email address.
    #[error("the email address of a user can't be changed")]
    EmailStays,
    /// There is no such connection, or none that the caller may know of.
    #[error("{}rg connection with id:{id} not found not found", verb.first_letter())]
    NoConnection {
        /// The id that was asked for.
        id: ConnectionId,
        /// What was asked; the real service words each in its own way.
        verb: Verb,
    },
    /// The sink is no org of the account, or none at all.
    #[error("Not found")]
    NoSink,
    /// The sink lives on another site. Only an operator is told so.
    #[error("the source lives on {source_site} and the sink on {sink_site}")]
    CrossesSites {
        /// Where the source lives.
        source_site: Site,
        /// Where the sink lives.
        sink_site: Site,
    },
    /// The two orgs are connected already.
    #[error("connection between orgs {source_org} and {sink_org} already exists")]
    AlreadyConnected {
        /// Who would share.
        source_org: OrgId,
        /// Who would be shown.
        sink_org: OrgId,
    },
    /// Such a connection can't be.
    #[error("connection between orgs {source_org} and {sink_org} is not allowed")]
    NotAllowed {
        /// Who would share.
        source_org: OrgId,
        /// Who would be shown.
        sink_org: OrgId,
        /// What is wrong with it.
        why: WhyNotAllowed,
    },
    /// The source shares with as many orgs as the deployment allows.
    #[error("organization {source_org} already shares with {limit} organizations, the most allowed")]
    TooManySinks {
        /// Who would share.
        source_org: OrgId,
        /// How many sinks a source may have.
        limit: u32,
    },
    /// A user would hold more roles than anybody may.
    #[error("a user can hold at most {} roles", User::MAX_ROLES)]
    TooManyRoles,
    /// The connection's creator would be no user of the source org.
    #[error("Forbidden")]
    CreatorIsNoUserOfTheSource,
    /// A key of a person would be known to somebody else.
    #[error("Forbidden")]
    OnlyTheOwnerMakesKeys,
    /// A key of a person would be able to do more, by the hand of somebody else.
    #[error("Forbidden")]
    OnlyTheOwnerWidensKeys,
    /// An org that does not manage its account would make another.
    #[error("Forbidden")]
    OnlyTheManagingOrgCreates,
    /// There is no such org, or none that the caller manages.
    #[error("Not allowed to access this organization")]
    NoManagedOrg,
    /// The org has no such API key.
    #[error("API key not found")]
    NoApiKey,
    /// The org has no such application key.
    #[error("Application key not found")]
    NoApplicationKey,
    /// There is no such thing, or none that the caller may know of.
    #[error("Not found")]
    Absent {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        named: String,
    },
    /// Something else has the id or name already.
    #[error("{what} {named} is already taken")]
    Taken {
        /// What kind of id or name.
        what: &'static str,
        /// Which.
        named: String,
    },
    /// It can't be deleted while something depends on it.
    #[error("{what} is still in use by {by}")]
    InUse {
        /// What kind of thing.
        what: &'static str,
        /// Who uses it.
        by: String,
    },
    /// There can't be such an OAuth2 client.
    #[error("Validation failed for input.")]
    BadClient(#[from] ClientProblem),
    /// An OAuth2 client gets no token, or no user who could allow it one.
    #[error(transparent)]
    Oauth(#[from] OauthProblem),
    /// The org would have no enabled admin left.
    #[error("the last enabled admin of an organization can't be removed")]
    LastAdmin,
}

/// What was to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// To read it.
    Read,
    /// To update it.
    Update,
    /// To delete it.
    Delete,
}

impl Verb {
    /// The recorded texts differ in one capital letter.
    const fn first_letter(self) -> char {
        match self {
            Self::Read | Self::Update => 'O',
            Self::Delete => 'o',
        }
    }
}

/// Why a connection can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNotAllowed {
    /// An org can always read its own.
    #[error("data.relationships.sink_org.data.id: an organization can't be connected with itself")]
    SinkIsTheSource,
    /// The types are no set.
    #[error("data.attributes.connection_types{0}")]
    Types(TypesProblem),
}

impl Refusal {
    /// There is no `what` called `named`, or none that the caller may know of.
    pub fn absent(what: &'static str, named: impl fmt::Display) -> Self {
        Self::Absent { what, named: named.to_string() }
    }

    /// The `what` called `named` is another's.
    pub fn taken(what: &'static str, named: impl fmt::Display) -> Self {
        Self::Taken { what, named: named.to_string() }
    }

    /// What exactly is wrong, and what to do about it.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Unauthorized(reason) => vec![reason.to_string()],
            Self::Forbidden { permission, missing_from } => vec![
                "Failed permission authorization checks".to_owned(),
                lacking(*permission, *missing_from),
            ],
            Self::OnlyTheSourceMayUpdate => vec![
                "only the source organization can update a connection, with keys of its own; \
                 the sink can delete it"
                    .to_owned(),
            ],
            Self::NoEditor => vec![NO_EDITOR.to_owned()],
            Self::LocksItselfOut => vec![LOCKS_ITSELF_OUT.to_owned()],
            Self::UnknownSubject { binding, place, subject } => vec![format!(
                "data.attributes.bindings[{binding}].principals[{place}]: {subject} is not of your organization"
            )],
            Self::OperatorOnly => {
                vec!["only the operator of this deployment, on its command line, can do this".to_owned()]
            }
            Self::BeyondOwnRights(permission) => {
                vec![format!("nobody can give away {permission} without holding it")]
            }
            Self::BeyondReach(permission) => {
                vec![format!("nobody can change a user or role that has {permission} without holding it")]
            }
            Self::BeyondOwnStanding => vec![BEYOND_OWN_STANDING.to_owned()],
            Self::Managed(role) => vec![format!(
                "the role {:?} is the same in every organization and can't be changed; make one of your own",
                role.name()
            )],
            Self::EmailStays => vec![
                "data.attributes.email: leave it as it is, and make another user with the new one".to_owned(),
            ],
            Self::CreatorIsNoUserOfTheSource => {
                vec!["a connection is created by a user of its source organization".to_owned()]
            }
            Self::OnlyTheOwnerMakesKeys => {
                vec!["only the owner can make an application key of a person".to_owned()]
            }
            Self::OnlyTheOwnerWidensKeys => vec![
                "data.attributes.scopes: only the owner can widen the scopes of an application key of a person; \
                 others can narrow them"
                    .to_owned(),
            ],
            Self::OnlyTheManagingOrgCreates => vec![
                "only a user of the organization that manages its account on this site can create another"
                    .to_owned(),
            ],
            Self::NoManagedOrg => vec![
                "you manage no organization with this public id; the list of organizations shows those that you do"
                    .to_owned(),
            ],
            Self::NoSink => vec![
                "data.relationships.sink_org.data.id: no organization of this account has this id; \
                 the list of organizations shows those that there are"
                    .to_owned(),
            ],
            Self::NoConnection { .. } => vec![
                "no connection of your organization has this id; the list of connections shows those \
                 that there are"
                    .to_owned(),
            ],
            Self::AlreadyConnected { .. } => vec![
                "update the connection that is there instead; the list of connections shows its id to whoever may see it"
                    .to_owned(),
            ],
            Self::TooManySinks { .. } => vec![
                "delete a connection that nobody needs, or ask the operator for a higher \
                 limits.sinks_per_source"
                    .to_owned(),
            ],
            Self::TooManyRoles => {
                vec!["let one role allow what several do, or take another one from them first".to_owned()]
            }
            Self::NoApiKey => vec!["the organization has no API key with this id".to_owned()],
            Self::NoApplicationKey => {
                vec!["the organization has no application key with this id".to_owned()]
            }
            Self::LastAdmin => vec!["make another enabled user an admin first".to_owned()],
            Self::CrossesSites { .. } => {
                vec!["connections cross sites only where policy.cross_site_connections is on".to_owned()]
            }
            Self::NotAllowed { why, .. } => vec![why.to_string()],
            Self::BadClient(problem) => vec![problem.to_string()],
            Self::Oauth(problem) => vec![problem.hint().to_owned()],
            Self::Absent { what, named } => vec![format!("there is no {what} {named}")],
            Self::Taken { .. } => vec!["choose another one".to_owned()],
            Self::InUse { .. } => vec!["take it away there first".to_owned()],
        }
    }
}

/// What to do about [`Refusal::NoEditor`].
const NO_EDITOR: &str = "\
    the restriction policy of your organization on this connection does not make you an editor; its editors can change \
    it, and so can whoever has user_access_manage";

/// What to do about [`Refusal::LocksItselfOut`].
const LOCKS_ITSELF_OUT: &str = "\
    data.attributes.bindings: let editor name you, a role of yours or your organization; where you mean to lock yourself \
    out, say so by allow_self_lockout=true";

/// What to do about [`Refusal::BeyondOwnStanding`].
const BEYOND_OWN_STANDING: &str = "\
    a restriction policy of your organization lets them see, use or edit a connection that it does not let you; nobody \
    can give that away without user_access_manage";

/// Where a permission would have to stand, and who can put it there.
fn lacking(permission: Permission, missing_from: MissingFrom) -> String {
    match missing_from {
        MissingFrom::Roles => format!(
            "no role of the user who owns DD-APPLICATION-KEY has the permission {permission}; \
             an administrator of the organization can give one that has it"
        ),
        MissingFrom::Scopes => format!(
            "the scopes of DD-APPLICATION-KEY do not include {permission}; \
             use a key whose scopes do, or one without scopes"
        ),
        MissingFrom::RolesOfTokensUser => format!(
            "no role of the user whom the access token stands for has the permission {permission}; \
             an administrator of the organization can give one that has it"
        ),
        MissingFrom::ScopesOfToken => format!(
            "the scopes of the access token do not include {permission}; \
             use one that was authorized for it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn no_refusal_leaves_the_caller_without_a_hint() {
        let (source_org, sink_org) = (OrgId::new(Uuid::from_u128(1)), OrgId::new(Uuid::from_u128(2)));
        let permission = Permission::OrgConnectionsWrite;
        for refusal in [
            Refusal::Unauthorized(NotAuthenticated::ApiKey),
            Refusal::Forbidden { permission, missing_from: MissingFrom::Roles },
            Refusal::Forbidden { permission, missing_from: MissingFrom::Scopes },
            Refusal::Forbidden { permission, missing_from: MissingFrom::RolesOfTokensUser },
            Refusal::Forbidden { permission, missing_from: MissingFrom::ScopesOfToken },
            Refusal::BadClient(ClientProblem::NoWay),
            Refusal::Oauth(OauthProblem::Client),
            Refusal::OnlyTheSourceMayUpdate,
            Refusal::NoEditor,
            Refusal::LocksItselfOut,
            Refusal::UnknownSubject { binding: 0, place: 0, subject: Subject::Org(sink_org) },
            Refusal::OperatorOnly,
            Refusal::BeyondOwnRights(permission),
            Refusal::BeyondReach(permission),
            Refusal::BeyondOwnStanding,
            Refusal::Managed(ManagedRole::Admin),
            Refusal::EmailStays,
            Refusal::NoConnection { id: ConnectionId::new(Uuid::from_u128(3)), verb: Verb::Read },
            Refusal::NoSink,
            Refusal::CrossesSites { source_site: Site::DEFAULT, sink_site: Site::DEFAULT },
            Refusal::AlreadyConnected { source_org, sink_org },
            Refusal::NotAllowed { source_org, sink_org, why: WhyNotAllowed::SinkIsTheSource },
            Refusal::TooManySinks { source_org, limit: 1 },
            Refusal::TooManyRoles,
            Refusal::CreatorIsNoUserOfTheSource,
            Refusal::OnlyTheOwnerMakesKeys,
            Refusal::OnlyTheOwnerWidensKeys,
            Refusal::OnlyTheManagingOrgCreates,
            Refusal::NoManagedOrg,
            Refusal::NoApiKey,
            Refusal::NoApplicationKey,
            Refusal::absent("role", "Auditor"),
            Refusal::taken("role name", "Auditor"),
            Refusal::InUse { what: "role", by: "jane@example.com".to_owned() },
            Refusal::LastAdmin,
        ] {
            let details = refusal.details();
            assert!(details.last().is_some_and(|hint| !hint.is_empty()), "{refusal}: {details:?}");
        }
    }
}
