//! Which changes concern which org: put into the index of the database in steps, thousands of changes at a time.
//!
//! A change of a connection concerns two orgs, whose places in the index lie apart. To write there with each commit
//! would double what it writes. So the writer remembers what it has committed and what it has followed, and writes it
//! down when there is enough of it that much falls into the same places. Whoever reads a trail reads the end of the
//! history itself, as far as it is not in the index yet.

use orgbridge_domain::{Change, OrgId, State, Timestamp};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use crate::{Entry, Epoch, Position, Revision, View, record};

/// How many changes are put into the index together. Whoever reads a trail looks at as many by themselves.
///
/// Among a thousand orgs, each step writes most pages of the index once: with a thousand changes in a step that is a page
/// for each change.
pub(crate) const STEP: u64 = 8 * 1024;

/// How many are remembered at the most. Where the index can't be written, they are read again when it can.
const MAX_REMEMBERED: usize = 32 * 1024;

/// Which orgs a change concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) revision: Revision,
    pub(crate) at: Timestamp,
    pub(crate) orgs: SmallVec<[OrgId; 3]>,
}

impl Concern {
    /// A change concerns the orgs whose own is changed, and as a rule the org whose user changed it. `state` is the one that the
    /// change has led to.
    pub(crate) fn of(
        revision: Revision,
        at: Timestamp,
        change: &Change,
        actor: Option<OrgId>,
        state: &State,
    ) -> Self {
        let mut orgs: SmallVec<[OrgId; 3]> = change.orgs(state).into_iter().collect();
        let actor = actor.filter(|actor| change.is_shown_to_its_actor() && !orgs.contains(actor));
        if let Some(actor) = actor {
            orgs.push(actor);
        }
        Self { revision, at, orgs }
    }

    /// A change that nobody but an operator is concerned by.
    pub(crate) fn of_nobody(revision: Revision, at: Timestamp) -> Self {
        Self { revision, at, orgs: SmallVec::new() }
    }
}

/// Whom an entry that was read back concerns. One that can't be read concerns nobody; verifying the log reports it.
pub(crate) fn concern_of(entry: &Entry, view: &View) -> Concern {
    match record::change_of(entry, &view.state) {
        Some(Ok(change)) => Concern::of(entry.revision, entry.at, &change, entry.actor.org(), &view.state),
        _ => Concern::of_nobody(entry.revision, entry.at),
    }
}

/// The places of changes in the index, in its own order, so that each of its pages is written once.
pub(crate) fn places_of(concerns: &[Concern]) -> Vec<(OrgId, i64, u64)> {
    let each = concerns.iter().flat_map(|concern| {
        concern.orgs.iter().map(|org| (*org, concern.at.micros(), concern.revision.get()))
    });
    let mut places: Vec<_> = each.collect();
    places.sort_unstable_by_key(|(org, at, revision)| (org.uuid(), *at, *revision));
    places
}

/// What a number of rows of the index amounts to, in whichever order: the sum of their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fingerprint {
    sum: u128,
    rows: u64,
}

impl Fingerprint {
    /// Adds the rows of a change.
    pub(crate) fn add_all(&mut self, concern: &Concern) {
        for org in &concern.orgs {
            self.add(&org.to_string(), concern.at.micros(), concern.revision.get());
        }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, org: &str, at: i64, revision: u64) {
        let digest: [u8; 32] = Sha256::digest(format!("{org} {at} {revision}")).into();
        let (half, _) = digest.split_at(16);
        let number = half.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        self.sum = self.sum.wrapping_add(number);
        self.rows += 1;
    }
}

/// What the writer remembers, without gaps up to where it stands.
#[derive(Debug)]
pub(crate) struct Remembered {
    epoch: Epoch,
    revision: Revision,
    concerns: Vec<Concern>,
    /// Up to where the index was filled when it was last looked at, or less.
    pub(crate) indexed: Revision,
}

impl Remembered {
    /// Nothing, since `position` is all that is known.
    pub(crate) const fn nothing_before(position: Position) -> Self {
        Self {
            epoch: position.epoch,
            revision: position.revision,
            concerns: Vec::new(),
            indexed: Revision::new(0),
        }
    }

    /// Moves on to `position` by the changes that lead there; forgets all if they don't.
    pub(crate) fn advance(&mut self, position: Position, concerns: &mut Vec<Concern>) {
        let begins = concerns.first().map_or(position.revision.next(), |first| first.revision);
        let fits = self.epoch == position.epoch && begins == self.revision.next();
        if !fits || self.concerns.len() + concerns.len() > MAX_REMEMBERED {
            *self = Self::nothing_before(position);
            concerns.clear();
            return;
        }
        self.revision = position.revision;
        self.concerns.append(concerns);
    }

    /// Whether so much has come together that it is to be put into the index.
    pub(crate) const fn is_due(&self) -> bool {
        self.revision.get().saturating_sub(self.indexed.get()) >= STEP
    }

    /// What comes after `revision`, if all of that is remembered.
    pub(crate) fn after(&self, revision: Revision) -> Option<&[Concern]> {
        let first = self.concerns.first().map_or(self.revision.next(), |first| first.revision);
        let known = revision.get().checked_sub(first.get().saturating_sub(1))?;
        self.concerns.get(usize::try_from(known).ok()?..)
    }

    /// Forgets what is in the index up to `revision`.
    pub(crate) fn forget_until(&mut self, revision: Revision) {
        self.indexed = revision;
        let known = self.concerns.partition_point(|concern| concern.revision <= revision);
        self.concerns.drain(..known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChainDigest;

    fn at(epoch: u64, revision: u64) -> Position {
        Position { epoch: Epoch::new(epoch), revision: Revision::new(revision), digest: ChainDigest::START }
    }

    fn changes(revisions: std::ops::RangeInclusive<u64>) -> Vec<Concern> {
        revisions
            .map(|revision| Concern::of_nobody(Revision::new(revision), Timestamp::from_micros(0)))
            .collect()
    }

    #[test]
    fn what_follows_without_a_gap_is_remembered() {
        let mut remembered = Remembered::nothing_before(at(1, 10));
        remembered.advance(at(1, 10), &mut Vec::new());
        remembered.advance(at(1, 13), &mut changes(11..=13));
        assert_eq!(remembered.after(Revision::new(9)), None);
        assert_eq!(remembered.after(Revision::new(10)), Some(&changes(11..=13)[..]));
        assert_eq!(remembered.after(Revision::new(12)), Some(&changes(13..=13)[..]));
        assert_eq!(remembered.after(Revision::new(13)), Some(&[][..]));
        remembered.forget_until(Revision::new(12));
        assert_eq!(remembered.after(Revision::new(11)), None);
        assert_eq!(remembered.after(Revision::new(12)), Some(&changes(13..=13)[..]));
        assert!(!remembered.is_due());
    }

    #[test]
    fn another_history_or_a_gap_is_the_end_of_memory() {
        for (position, mut coming) in [
            (at(2, 10), Vec::new()),
            (at(1, 14), changes(13..=14)),
            (at(1, 9), Vec::new()),
            (at(1, 500_000), Vec::new()),
        ] {
            let mut remembered = Remembered::nothing_before(at(1, 10));
            remembered.advance(at(1, 11), &mut changes(11..=11));
            remembered.advance(position, &mut coming);
            assert_eq!(remembered.after(Revision::new(8)), None, "{position:?}");
            assert_eq!(remembered.after(position.revision), Some(&[][..]), "{position:?}");
        }
    }

    #[test]
    fn enough_of_it_is_due() {
        let mut remembered = Remembered::nothing_before(at(1, 0));
        remembered.advance(at(1, STEP - 1), &mut changes(1..=STEP - 1));
        assert!(!remembered.is_due());
        remembered.advance(at(1, STEP), &mut changes(STEP..=STEP));
        assert!(remembered.is_due());
    }
}
