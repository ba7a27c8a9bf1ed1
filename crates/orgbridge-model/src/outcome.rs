//! What a command came to, in as many words as the model has.

use orgbridge_domain::restriction_policy::Bindings;
use orgbridge_domain::{OrgConnection, Refusal};

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The connection, as it is now or was last.
    Done(OrgConnection),
    /// They are nobody any more.
    Unauthorized,
    /// They lack the permission.
    Forbidden,
    /// The sink is the source.
    Itself,
    /// There is no such sink for them.
    NoSink,
    /// The pair is connected already.
    AlreadyConnected,
    /// Another connection has the id.
    IdTaken,
    /// They know of no such connection.
    Unknown,
    /// They are of the sink.
    OnlyTheSource,
    /// The policy of their org keeps them from it.
    NoEditor,
    /// They would lock themselves out.
    LockedOut,
    /// Somebody is named who is none of theirs.
    UnknownSubject,
    /// What their org says from now on.
    Said(Bindings),
    /// The org is off or on from now on.
    Switched,
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthorized(_) => Self::Unauthorized,
            Refusal::Forbidden { .. } => Self::Forbidden,
            Refusal::NotAllowed { .. } => Self::Itself,
            Refusal::NoSink => Self::NoSink,
            Refusal::AlreadyConnected { .. } => Self::AlreadyConnected,
            Refusal::Taken { .. } => Self::IdTaken,
            Refusal::NoConnection { .. } => Self::Unknown,
            Refusal::OnlyTheSourceMayUpdate => Self::OnlyTheSource,
            Refusal::NoEditor => Self::NoEditor,
            Refusal::LocksItselfOut => Self::LockedOut,
            Refusal::UnknownSubject { .. } => Self::UnknownSubject,
            other => unreachable!("no command is refused so: {other:?}"),
        }
    }
}
