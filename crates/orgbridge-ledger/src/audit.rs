//! Reading the audit log, and finding out whether somebody has tampered with it.

use std::cell::RefCell;
use std::fmt;

use orgbridge_domain::State;

use crate::difference::{Difference, differences};
use crate::history::History;
use crate::index::{Concern, Fingerprint};
use crate::postgres::PostgresHistory;
use crate::record;
use crate::sqlite::SqliteHistory;
use crate::{ChainDigest, DatabaseAddress, Entry, OpenError, Position, Revision, Unavailable};

/// What the audit log calls a restoration or a copy: the one entry that records no change of an entity.
pub(crate) const RESTORED: &str = "ledger";

/// The audit log of a ledger, opened for reading.
pub struct AuditLog {
    history: RefCell<Box<dyn History>>,
}

/// Which entries are wanted. `Default` wants all.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only those after this revision.
    pub after: Revision,
    /// Only those of this kind of thing: the name of its table.
    pub entity: Option<String>,
    /// Only those of the thing with this id.
    pub entity_id: Option<String>,
    /// Only those by the user with this id.
    pub user_id: Option<String>,
    /// How many at the most, oldest first; `None` for all.
    pub limit: Option<u32>,
}

impl Query {
    /// The columns that are to hold certain texts.
    pub(crate) fn conditions(&self) -> Vec<(&'static str, &str)> {
        let wanted =
            [("entity", &self.entity), ("entity_id", &self.entity_id), ("actor_user_id", &self.user_id)];
        wanted.into_iter().filter_map(|(column, text)| Some((column, text.as_deref()?))).collect()
    }

    /// How many entries at the most.
    pub(crate) fn most(&self) -> i64 {
        self.limit.map_or(i64::MAX, i64::from)
    }
}

impl AuditLog {
    /// Opens the audit log of the database at `address`.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the database.
    pub fn open(address: &DatabaseAddress) -> Result<Self, OpenError> {
        let history: Box<dyn History> = match address {
            DatabaseAddress::Sqlite(path) => Box::new(SqliteHistory::open(path)?),
            DatabaseAddress::Postgres(address) => Box::new(PostgresHistory::open(address)?),
        };
        Ok(Self { history: RefCell::new(history) })
    }

    /// The entries that `query` wants, oldest first.
    ///
    /// # Errors
    /// What storage could not do.
    pub fn entries(&self, query: &Query) -> Result<Vec<Entry>, Unavailable> {
        self.history.borrow_mut().entries(query)
    }

    /// Follows the chain from the first entry to the last, and replays it to see whether the tables hold what
    /// it says and nothing else.
    ///
    /// The chain shows any tampering but one: whoever can write the database can cut the history off, or
    /// write it anew from some entry on, with every digest after that. Only an `anchor` written down elsewhere
    /// shows that.
    ///
    /// # Errors
    /// What storage could not do. What is wrong with the log is in the [`Verdict`].
    pub fn verify(&self, anchor: Option<Anchor>) -> Result<Verdict, Unavailable> {
        let history = &mut **self.history.borrow_mut();
        let verdict = history.begin().and_then(|position| verify_at(position, history, anchor));
        history.end();
        verdict
    }
}

/// The same of a history that leads to `position`, and is seen at one point.
pub(crate) fn verify_at(
    position: Position,
    history: &mut dyn History,
    anchor: Option<Anchor>,
) -> Result<Verdict, Unavailable> {
    let indexed = history.indexed()?;
    let mut replay = Replay::new(anchor, indexed);
    history.every_entry(&mut |entry| replay.see(entry))?;
    let Replay { last, anchored, concerned, state: replayed, mut findings, .. } = replay;
    if last != (position.revision, position.digest) {
        findings.push(Finding::Truncated { last: last.0, expected: position.revision });
    }
    if let (Some(anchor), false) = (anchor, anchored) {
        findings.push(Finding::AnotherHistory(anchor));
    }
    if indexed.is_some() {
        let mut found = Fingerprint::default();
        history.every_place(&mut |org, at, revision| found.add(org, at, revision))?;
        if found != concerned {
            findings.push(Finding::IndexDiffers);
        }
    }
    match history.everything() {
        Ok(stored) => differences(&replayed, &stored.state, |Difference { table, id, .. }| {
            findings.push(Finding::TableDiffers { table, id });
        }),
        Err(Unavailable::Storage { cause }) => findings.push(Finding::TableUnreadable(cause)),
        Err(trouble) => return Err(trouble),
    }
    Ok(Verdict { position, findings })
}

/// The chain as far as it has been followed, and what it adds up to.
struct Replay {
    anchor: Option<Anchor>,
    anchored: bool,
    indexed: Option<Revision>,
    last: (Revision, ChainDigest),
    concerned: Fingerprint,
    state: State,
    findings: Vec<Finding>,
}

impl Replay {
    fn new(anchor: Option<Anchor>, indexed: Option<Revision>) -> Self {
        let last = (Revision::default(), ChainDigest::START);
        Self {
            anchor,
            anchored: anchor.is_none_or(|anchor| anchor.matches(last)),
            indexed,
            last,
            concerned: Fingerprint::default(),
            state: State::default(),
            findings: Vec::new(),
        }
    }

    fn see(&mut self, entry: Result<Entry, Revision>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(revision) => {
                self.last.0 = revision;
                self.findings.push(Finding::Unreadable(revision));
                return;
            }
        };
        let expected = self.last.0.next();
        if entry.revision != expected {
            self.findings.push(Finding::Missing { first: expected, next: entry.revision });
        } else if entry.digest != entry.digest_after(self.last.1) {
            self.findings.push(Finding::Altered(entry.revision));
        }
        self.last = (entry.revision, entry.digest);
        self.anchored |= self.anchor.is_some_and(|anchor| anchor.matches(self.last));
        if entry.entity != RESTORED {
            self.apply(&entry);
        }
    }

    fn apply(&mut self, entry: &Entry) {
        let Some(Ok(change)) = record::change_of(entry, &self.state) else {
            self.findings.push(Finding::Unreadable(entry.revision));
            return;
        };
        self.state.apply(&change);
        if Some(entry.revision) <= self.indexed {
            let actor = entry.actor.org();
            let concern = Concern::of(entry.revision, entry.at, &change, actor, &self.state);
            self.concerned.add_all(&concern);
        }
    }
}

/// A point of history that was written down elsewhere: what [`AuditLog::verify`] once printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// How many entries there were.
    pub revision: Revision,
    /// What vouched for them.
    pub digest: ChainDigest,
}

impl Anchor {
    fn matches(self, (revision, digest): (Revision, ChainDigest)) -> bool {
        self.revision == revision && self.digest == digest
    }
}

/// `REVISION:DIGEST`, the digest in hexadecimal.
impl std::str::FromStr for Anchor {
    type Err = NotAnAnchor;

    fn from_str(text: &str) -> Result<Self, NotAnAnchor> {
        let (revision, digest) = text.split_once(':').ok_or(NotAnAnchor)?;
        Ok(Self {
            revision: Revision::new(revision.parse().map_err(|_| NotAnAnchor)?),
            digest: ChainDigest::from_bytes(record::from_hex(digest).ok_or(NotAnAnchor)?),
        })
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.revision, self.digest)
    }
}

/// The text is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected REVISION:DIGEST, such as `orgbridge audit verify` prints")]
pub struct NotAnAnchor;

/// What came of following the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Where the ledger says that it stands.
    pub position: Position,
    /// What is wrong; nothing, if all is well.
    pub findings: Vec<Finding>,
}

/// Something that no rule and no writer would have left behind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Entries were deleted, or moved.
    #[error("entries from revision {first} on are missing; the next one found is {next}")]
    Missing {
        /// The first that is missing.
        first: Revision,
        /// The next that is there.
        next: Revision,
    },
    /// The digest of an entry doesn't follow from what it says and the digest before it.
    #[error("the entry of revision {0} was altered, or does not follow the entry before it")]
    Altered(Revision),
    /// An entry records no change that this program understands.
    #[error("the entry of revision {0} can't be read")]
    Unreadable(Revision),
    /// The log doesn't end where the ledger says.
    #[error("the log ends at revision {last}, with another digest or earlier than the ledger's {expected}")]
    Truncated {
        /// Where it ends.
        last: Revision,
        /// Where it should.
        expected: Revision,
    },
    /// The anchor is no point of this history.
    #[error("the history does not pass through {0}: it was cut off or written anew")]
    AnotherHistory(Anchor),
    /// A table holds what no rule would have put there, and was compared no further.
    #[error("{0}")]
    TableUnreadable(String),
    /// The index of trails was altered behind the log's back: an org may see too few events, or too many.
    #[error("change_of_org does not name the organizations that the changes concern")]
    IndexDiffers,
    /// A table was altered behind the log's back.
    #[error("{table} {id} is not in its table as the log says")]
    TableDiffers {
        /// Which table.
        table: &'static str,
        /// Which row.
        id: String,
    },
}
