//! What is wrong with the database of a deployment, in a sentence each. Nothing that is kept is changed by looking; beside a
//! file, the seats of processes that are no more are cleared away.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::fleet::Seat;
use crate::schema::require;
use crate::transfer::Origin;
use crate::{DatabaseAddress, MaxStaleness, OpenError, Position, Revision, Unavailable};

/// How far apart the seats are read twice: those who serve renew theirs many times meanwhile.
const APART: Duration = Duration::from_secs(1);

/// From how many changes on the index of trails is behind: it is filled by thousands.
const MAX_UNINDEXED: u64 = 100_000;

/// What is to be thought of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is as it should be.
    Fine,
    /// It may be meant so.
    Remark,
    /// Something that Orgbridge promises does not hold, or may not.
    Wrong,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What it is about, in a word or two.
    pub subject: &'static str,
    /// What is to be thought of it.
    pub judgement: Judgement,
    /// What was found.
    pub says: String,
    /// What to do about it; empty where nothing is.
    pub advice: &'static str,
}

/// Looks at the database at `address`, whose servers go by knowledge that is no older than `max_staleness`.
pub fn examine(address: &DatabaseAddress, max_staleness: MaxStaleness) -> Vec<Observation> {
    let mut chart = Chart(Vec::new());
    match address {
        DatabaseAddress::Sqlite(path) => crate::sqlite::examine(path, &mut chart),
        DatabaseAddress::Postgres(address) => {
            crate::postgres::examine(address, max_staleness.duration(), &mut chart);
        }
    }
    chart.0
}

/// What has been found so far.
pub(crate) struct Chart(Vec<Observation>);

impl Chart {
    pub(crate) fn fine(&mut self, subject: &'static str, says: impl Into<String>) {
        self.note(subject, Judgement::Fine, says, "");
    }

    pub(crate) fn remark(&mut self, subject: &'static str, says: impl Into<String>, advice: &'static str) {
        self.note(subject, Judgement::Remark, says, advice);
    }

    pub(crate) fn wrong(&mut self, subject: &'static str, says: impl Into<String>, advice: &'static str) {
        self.note(subject, Judgement::Wrong, says, advice);
    }

    fn note(
        &mut self,
        subject: &'static str,
        judgement: Judgement,
        says: impl Into<String>,
        advice: &'static str,
    ) {
        self.0.push(Observation { subject, judgement, says: says.into(), advice });
    }

    /// Notes that something could not be found out.
    pub(crate) fn unread(&mut self, subject: &'static str, trouble: &Unavailable) {
        self.wrong(subject, trouble.with_cause(), "see to it that the database can be read, and look again");
    }

    /// Notes whether others than its owner can read a file that holds secrets.
    pub(crate) fn look_at_mode(&mut self, subject: &'static str, path: &Path) {
        match may_be_read_by_others(path) {
            Ok(false) => self.fine(subject, format!("nobody but its owner can read {}", path.display())),
            Ok(true) => {
                let says = format!("others than its owner may read {}", path.display());
                self.wrong(subject, says, "take that away with chmod 600");
            }
            Err(error) => {
                let says = format!("{}: {error}", path.display());
                self.wrong(subject, says, "name a file that is there, and that this user may read");
            }
        }
    }

    /// Notes which version of the schema the ledger at `address` has, where this program knows version `known`. `false` if it
    /// has to be brought up to date before more can be found out.
    pub(crate) fn look_at_schema(&mut self, address: impl Display, found: u32, known: u32) -> bool {
        const SUBJECT: &str = "schema";
        match require(address, found, known) {
            Ok(()) => self.fine(SUBJECT, "it has the version of this program"),
            Err(OpenError::AdvancedSchema { .. }) => {
                let says = format!(
                    "a newer program has brought it to version {found}, and those that know version {known}, as this one \
                     does, can work beside it"
                );
                self.remark(
                    SUBJECT,
                    says,
                    "bring every server up to the newer release; only its programs copy and restore, and its doctor knows more",
                );
            }
            Err(error) => {
                self.remark(SUBJECT, error.to_string(), "");
                return false;
            }
        }
        true
    }

    /// Notes whether the ledger stands where its history ends, and how far the index of trails goes.
    pub(crate) fn look_at_history(&mut self, origin: &mut impl Origin) {
        let position = origin.position();
        if let Err(trouble) = self.look_at_end(origin, position) {
            self.unread("history", &trouble);
        }
        match origin.indexed() {
            Err(trouble) => self.unread("audit trails", &trouble),
            Ok(indexed) => {
                let behind = position.revision.get().saturating_sub(indexed.get());
                if behind > MAX_UNINDEXED {
                    let says = format!("{behind} changes are not in the index of audit trails");
                    self.wrong(
                        "audit trails",
                        says,
                        "start a server, which fills it, and see its log if it does not",
                    );
                } else {
                    self.fine("audit trails", format!("indexed but for the last {behind} changes"));
                }
            }
        }
    }

    fn look_at_end(&mut self, origin: &mut impl Origin, position: Position) -> Result<(), Unavailable> {
        let Position { epoch, revision, digest } = position;
        let last = origin.digest_at(revision)?;
        let is_at_end = origin.digest_at(revision.next())?.is_none();
        if is_at_end && (last == Some(digest) || revision == Revision::default()) {
            self.fine(
                "history",
                format!("it ends at revision {revision} of epoch {epoch}, as the ledger says"),
            );
        } else {
            let says = format!("it does not end at revision {revision} with the digest that the ledger has");
            self.wrong("history", says, "run `orgbridge audit verify`, and restore a backup that is whole");
        }
        Ok(())
    }

    /// Notes who serves, and how far each is, where the ledger stood at `position` before.
    pub(crate) fn look_at_seats(
        &mut self,
        position: Position,
        mut seats: impl FnMut() -> Result<Vec<Seat>, Unavailable>,
    ) {
        const SUBJECT: &str = "servers";
        let found = seats().and_then(|before| {
            if !before.is_empty() {
                thread::sleep(APART);
            }
            Ok((before, seats()?))
        });
        let (before, after) = match found {
            Ok(found) => found,
            Err(trouble) => return self.unread(SUBJECT, &trouble),
        };
        if after.is_empty() {
            return self.fine(SUBJECT, "nobody serves from this database now");
        }
        for seat in after {
            let Seat { replica, epoch, revision, .. } = seat;
            let is_silent = before.iter().any(|known| known.replica == replica && known.turn == seat.turn);
            if is_silent {
                let says = format!("server {replica} has said nothing for a second");
                self.remark(
                    SUBJECT,
                    says,
                    "if it was killed, its seat goes with the next call that takes something away; if it runs, see its \
                     log",
                );
            } else if seat.has_applied(position) {
                self.fine(SUBJECT, format!("server {replica} knows revision {revision} of epoch {epoch}"));
            } else {
                let says =
                    format!("server {replica} knows no more than revision {revision} of epoch {epoch}");
                self.wrong(SUBJECT, says, "see its log; it answers nothing by what is too old");
            }
        }
    }
}

#[cfg(unix)]
fn may_be_read_by_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let of_others = fs::metadata(path)?.permissions().mode() & 0o077;
    Ok(of_others != 0)
}

/// Elsewhere it is not known.
#[cfg(not(unix))]
fn may_be_read_by_others(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::fleet::ReplicaId;
    use crate::{ChainDigest, Epoch};

    fn at(revision: u64) -> Position {
        Position { epoch: Epoch::FIRST, revision: Revision::new(revision), digest: ChainDigest::START }
    }

    fn seat(turn: u64, revision: u64) -> Seat {
        let seat = Seat::taken_by(ReplicaId::new(Uuid::from_u128(1)), Duration::from_secs(2));
        Seat { turn, ..seat.renewed_at(at(revision)) }
    }

    fn judgement(before: Seat, after: Seat) -> Judgement {
        let (mut chart, mut looks) = (Chart(Vec::new()), vec![vec![after], vec![before]]);
        chart.look_at_seats(at(5), || Ok(looks.pop().unwrap()));
        chart.0[0].judgement
    }

    #[test]
    fn a_server_is_judged_by_whether_it_moves_and_how_far_it_is() {
        assert_eq!(judgement(seat(1, 5), seat(2, 5)), Judgement::Fine);
        assert_eq!(judgement(seat(1, 4), seat(2, 4)), Judgement::Wrong);
        assert_eq!(judgement(seat(1, 5), seat(1, 5)), Judgement::Remark);
    }
}
