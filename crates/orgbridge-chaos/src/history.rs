//! What was asked, what was answered, and when.

use std::fmt;
use std::time::Duration;

/// A moment, as the time since the run began on the harness's monotonic clock.
pub type Moment = Duration;

/// Everything that happened in a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Every call, in any order.
    pub operations: Vec<Operation>,
    /// What the audit log holds at the end of what was done in the run, oldest first; `None` where nobody has read it.
    pub log: Option<Vec<Entry>>,
}

/// A call that somebody made.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Who called. A client makes one call after the other.
    pub client: usize,
    /// Whom they called.
    pub replica: Replica,
    /// From the moment before the first byte was sent to the moment after the answer was read, or given up.
    pub span: Span,
    /// What they asked.
    pub ask: Ask,
    /// The revision that the answer was to know, if they asked for one.
    pub at_least: Option<u64>,
    /// What they were answered.
    pub answer: Answer,
    /// How many changes there were when it was answered, if the answer says so.
    pub revision: Option<u64>,
}

impl Operation {
    /// Whether it is a change that was made, says the answer.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.answer == Answer::Done
    }

    /// The name of the request, if it is to change something.
    pub(crate) fn request(&self) -> Option<&str> {
        match &self.ask {
            Ask::Change { request, .. } => Some(request),
            Ask::Look(_) => None,
        }
    }

    /// What it is to change.
    pub(crate) fn effects(&self) -> &[Effect] {
        match &self.ask {
            Ask::Change { effects, .. } => effects,
            Ask::Look(_) => &[],
        }
    }
}

/// The time that a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Not later than anything came of the call.
    pub begin: Moment,
    /// Not earlier than the answer was given.
    pub end: Moment,
}

/// A process that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replica {
    /// Which of them.
    pub number: usize,
    /// How often it had been started before.
    pub life: usize,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// That something be changed.
    Change {
        /// The name of the request, which nobody else has given to one.
        request: String,
        /// What has to hold when it is done.
        effects: Vec<Effect>,
        /// Whether the audit log has to tell of it.
        recorded: Recorded,
    },
    /// Whether these are so.
    Look(Vec<Fact>),
}

/// Whether the audit log tells of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It does.
    Always,
    /// It does, unless everything was so already.
    UnlessItWasSo,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The change was made, and is kept.
    Done,
    /// Whether each of what was asked for is so.
    Seen(Vec<bool>),
    /// It is not done, and will not be.
    Refused,
    /// Nobody knows: no answer came, or one that says no more.
    Unknown,
}

/// Something that can be so or not. At the beginning of a run, nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// An org shares telemetry of this type with another.
    Shares(Pair, Kind),
    /// There is a connection with this id.
    Connection(String),
    /// There is, and the restriction policy of its source lets the source's users who are no admins see it.
    Open(String),
    /// The application key with this id authenticates.
    Key(String),
    /// The user of this org who is no admin is switched on.
    User(usize),
    /// That user has the role.
    Role(usize),
    /// This guest is switched on.
    Guest(usize),
}

/// Two orgs, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The one who shares.
    pub source: usize,
    /// The one who is shown.
    pub sink: usize,
}

/// A type of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Logs.
    Logs,
    /// Metrics.
    Metrics,
    /// The audit trail.
    Audit,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Metrics, Self::Audit];

    /// As the API calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Audit => "audit",
        }
    }
}

/// What a change does to a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The fact.
    pub fact: Fact,
    /// Whether it is so from then on.
    pub holds: bool,
}

impl Effect {
    /// `fact` is so from then on.
    pub const fn makes(fact: Fact) -> Self {
        Self { fact, holds: true }
    }

    /// `fact` is so no longer.
    pub const fn ends(fact: Fact) -> Self {
        Self { fact, holds: false }
    }

    /// Whether something ends that never comes back, so that it is refused only where it has ended.
    pub(crate) const fn ends_for_good(&self) -> bool {
        !self.holds && matches!(self.fact, Fact::Connection(_) | Fact::Key(_))
    }

    /// The effects of removing the connection with this id, by which `pair` shares.
    pub(crate) fn of_disconnecting(pair: Pair, id: &str) -> Vec<Self> {
        let gone = [Fact::Connection(id.to_owned()), Fact::Open(id.to_owned())];
        Self::of_sharing(pair, &[]).chain(gone.map(Self::ends)).collect()
    }

    /// The effects of having `pair` share `kinds` and no others.
    pub fn of_sharing(pair: Pair, kinds: &[Kind]) -> impl Iterator<Item = Self> {
        Kind::ALL
            .into_iter()
            .map(move |kind| Self { fact: Fact::Shares(pair, kind), holds: kinds.contains(&kind) })
    }
}

/// A change that the audit log tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How many changes there were with it.
    pub revision: u64,
    /// The name of the request that made it.
    pub request: String,
    /// What it did.
    pub effects: Vec<Effect>,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, replica, span, ask, answer, revision, .. } = self;
        let (begin, end) = (span.begin.as_secs_f64(), span.end.as_secs_f64());
        write!(formatter, "client {client} at {replica}, {begin:.6} s to {end:.6} s: {ask}: {answer}")?;
        revision.map_or(Ok(()), |revision| write!(formatter, " at revision {revision}"))
    }
}

impl fmt::Display for Replica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "replica {}.{}", self.number, self.life)
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change { request, effects, .. } => write!(formatter, "{request}: {}", in_a_row(effects)),
            Self::Look(facts) => write!(formatter, "{}?", in_a_row(facts)),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => formatter.write_str("done"),
            Self::Seen(values) => formatter.write_str(&in_a_row(values)),
            Self::Refused => formatter.write_str("refused"),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shares(Pair { source, sink }, kind) => {
                write!(formatter, "{source} shares {} with {sink}", kind.name())
            }
            Self::Connection(id) => write!(formatter, "connection {id}"),
            Self::Open(id) => write!(formatter, "open connection {id}"),
            Self::Key(id) => write!(formatter, "key {id}"),
            Self::User(org) => write!(formatter, "user of {org}"),
            Self::Role(org) => write!(formatter, "role of the user of {org}"),
            Self::Guest(guest) => write!(formatter, "guest {guest}"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fact, holds } = self;
        write!(formatter, "{}{fact}", if *holds { "" } else { "no longer " })
    }
}

/// How many of the things in a row are told.
const TOLD: usize = 4;

fn in_a_row<T: fmt::Display>(things: &[T]) -> String {
    let mut row: Vec<_> = things.iter().take(TOLD).map(ToString::to_string).collect();
    if things.len() > TOLD {
        row.push(format!("and {} more", things.len() - TOLD));
    }
    row.join(", ")
}
