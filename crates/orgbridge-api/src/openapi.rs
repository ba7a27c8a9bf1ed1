//! The description of the API, made from the table of routes and the types of its handlers.
//!
//! [`Outline`] collects what arguments and answers say of themselves, [`assemble`] puts it together with what is
//! written beside each handler ([`Prose`]), and [`page`] shows the same to people. The statuses, headers and texts
//! of errors are those that [`ApiError`] gives when it is asked for its answer.

mod assemble;
mod fields;
mod headers;
mod model;
mod outline;
mod page;
mod published;
mod sample;

use crate::error::ApiError;

pub(crate) use outline::{Admits, Answers, Asks, Endpoint, Outline};
pub use published::openapi_document;
pub(crate) use published::{DescriptionDocument, IfNoneMatch, ReadablePage, Versioned};

/// What is said of a call in words. It stands beside the handler.
pub(crate) struct Prose {
    /// The name of the call in programs.
    pub(crate) id: &'static str,
    /// What it is about.
    pub(crate) tag: Tag,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What it does, in sentences.
    pub(crate) description: &'static str,
    /// What its rule refuses, one example of each kind.
    pub(crate) refusals: fn() -> Vec<ApiError>,
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    OrgConnections,
    Authentication,
    Users,
    Organizations,
    Keys,
    RestrictionPolicies,
    Documentation,
    Roles,
    ServiceAccounts,
    Audit,
    Oauth,
    Evaluations,
}

impl Tag {
    const ALL: [Self; 12] = [
        Self::OrgConnections,
        Self::Authentication,
        Self::Users,
        Self::Organizations,
        Self::Keys,
        Self::RestrictionPolicies,
        Self::Documentation,
        Self::Roles,
        Self::ServiceAccounts,
        Self::Audit,
        Self::Oauth,
        Self::Evaluations,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::OrgConnections => "Org Connections",
            Self::Authentication => "Authentication",
            Self::Users => "Users",
            Self::Organizations => "Organizations",
            Self::Keys => "Key Management",
            Self::RestrictionPolicies => "Restriction Policies",
            Self::Documentation => "Documentation",
            Self::Roles => "Roles",
            Self::ServiceAccounts => "Service Accounts",
            Self::Audit => "Audit",
            Self::Oauth => "OAuth2",
            Self::Evaluations => "Evaluations",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::OrgConnections => {
                "Which organization, the source, lets which other organization of its account, the sink, query \
                 what of its telemetry."
            }
            Self::Authentication => "Whether keys are live.",
            Self::Users => "Who is calling, and who else acts in the organization.",
            Self::Organizations => {
                "The organizations of an account, which is where the ids of sinks are found."
            }
            Self::Keys => {
                "The API keys of an organization and the application keys of its users. The secret of a key is shown in \
                 the answer of its creation and never again. Two keys may be live side by side while one replaces the \
                 other; a key that is deleted is refused from the answer on."
            }
            Self::RestrictionPolicies => {
                "Who of an organization may see, use and edit one of its connections. Each side of a connection says so \
                 of its own users. A policy narrows what permissions allow and never adds to it."
            }
            Self::Documentation => "This description, for programs and for people. It needs no credentials.",
            Self::Roles => "What users may do: permissions, roles that hold them, and who holds which role.",
            Self::ServiceAccounts => "Users that are programs. They are read and changed like any user.",
            Self::Audit => {
                "What concerns the organization: who changed what of its own and of its connections, and which attempts of \
                 its users were refused. Both sides of a connection see its changes; of the other side's users, each is \
                 shown their organization and no more."
            }
            Self::Oauth => {
                "Access tokens for programs that act for users, or as a service account. A token lets no more through \
                 than its user may do, cut down to what they consented to. Errors have the form of RFC 6749."
            }
            Self::Evaluations => {
                "Whether one organization may read what another one owns, now, by the OpenID AuthZEN Authorization \
                 API 1.0."
            }
        }
    }
}
