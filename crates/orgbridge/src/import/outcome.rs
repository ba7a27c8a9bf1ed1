//! What came of a file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::location::Problem;
use crate::printer::record;

/// What came of a file. Where there are problems, nothing was changed.
#[derive(Default)]
pub(crate) struct Outcome {
    /// All that is wrong, in the order of the file.
    pub(crate) problems: Vec<Problem>,
    /// How much was made and altered, by kind.
    pub(crate) tally: TallyByKind,
    /// Keys and secrets that were made, which nobody has seen yet.
    pub(crate) made_keys: Vec<MadeKey>,
}

/// How much of each kind was wished for.
pub(crate) type TallyByKind = BTreeMap<Kind, Tally>;

/// What can be wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Accounts,
    Orgs,
    Roles,
    Users,
    ApiKeys,
    ApplicationKeys,
    OauthClients,
    Connections,
    RestrictionPolicies,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Accounts => "accounts",
            Self::Orgs => "organizations",
            Self::Roles => "roles",
            Self::Users => "users",
            Self::ApiKeys => "API keys",
            Self::ApplicationKeys => "application keys",
            Self::OauthClients => "OAuth2 clients",
            Self::Connections => "connections",
            Self::RestrictionPolicies => "restriction policies",
        })
    }
}

/// How many of a kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Made.
    pub(crate) created: usize,
    /// Altered.
    pub(crate) updated: usize,
    /// As they should be already.
    pub(crate) unchanged: usize,
}

record! {
    /// A key, or a client's secret, that was made for want of one in the file. This is the one time that it is shown.
    MadeKey {
        kind: String,
        org: String,
        owner: Option<String>,
        name: String,
        id: String,
        key: String,
    }
}

impl Outcome {
    /// Whether everything was as it should be already.
    pub(crate) fn changed_nothing(&self) -> bool {
        self.tally.values().all(|tally| tally.created == 0 && tally.updated == 0)
    }
}

/// As in `organizations: 2 created; users: 1 updated, 4 unchanged`.
impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changed_nothing() {
            return formatter.write_str("nothing to change");
        }
        for (position, (kind, tally)) in self.tally.iter().enumerate() {
            let line_break = if position == 0 { "" } else { "\n" };
            let counts =
                [(tally.created, "created"), (tally.updated, "updated"), (tally.unchanged, "unchanged")];
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
            write!(formatter, "{line_break}{kind}: {}", counts.join(", "))?;
        }
        Ok(())
    }
}
