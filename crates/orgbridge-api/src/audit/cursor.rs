//! Where a search goes on.
//!
//! A cursor says up to where the first page looked and where the last one ended, so that the pages of one search add
//! up to what there was at its beginning. It is good for the search that it came from and for no other: the digest in
//! it covers what was asked, and by whom.
//!
//! The digest keeps people from mistakes and is no secret. Whoever forges a cursor finds what they may search for
//! anyway.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use orgbridge_domain::{Direction, OrgId, Timestamp};
use orgbridge_ledger::trail::{Horizon, Kind, Mark};
use orgbridge_ledger::{Epoch, Revision};
use sha2::{Digest as _, Sha256};

/// The text is no cursor of this search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected meta.page.after of an earlier answer to the same search: the same query, times, order and organization; \
     leave it out to begin anew"
)]
pub(crate) struct NotACursor;

/// What was asked, as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) org: OrgId,
    pub(super) query: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) direction: Direction,
}

/// Up to where, from when, until when, and behind what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) horizon: Horizon,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) after: Mark,
}

/// How many bytes of the digest are kept.
const DIGEST: usize = 16;

/// How many numbers a cursor holds, each in eight bytes.
const NUMBERS: usize = 8;

impl Cursor {
    /// The cursor as a text, for the search that `bound` says.
    pub(super) fn write(&self, bound: &Bound<'_>) -> String {
        let Self { horizon: Horizon { epoch, revision, refusal }, from, to, after } = self;
        let kind = match after.kind {
            Kind::Change => 0,
            Kind::Refusal => 1,
        };
        let time = |time: &Timestamp| time.micros().to_be_bytes();
        let mut bytes = [
            epoch.get().to_be_bytes(),
            revision.get().to_be_bytes(),
            refusal.to_be_bytes(),
            time(from),
            time(to),
            time(&after.at),
            u64::to_be_bytes(kind),
            after.number.to_be_bytes(),
        ]
        .concat();
        bytes.extend(bound.digest(&bytes));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of the search that `bound` says.
    pub(super) fn read(text: &str, bound: &Bound<'_>) -> Result<Self, NotACursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let (numbers, digest) = bytes.split_at_checked(NUMBERS * 8).ok_or(NotACursor)?;
        if digest != bound.digest(numbers) {
            return Err(NotACursor);
        }
        let (numbers, _) = numbers.as_chunks::<8>();
        let [epoch, revision, refusal, from, to, at, kind, number] =
            <[[u8; 8]; NUMBERS]>::try_from(numbers).map_err(|_| NotACursor)?;
        let time = |bytes| Timestamp::from_micros(i64::from_be_bytes(bytes));
        // Ledgers count in 64 bits with a sign.
        let count = |bytes| u64::try_from(i64::from_be_bytes(bytes)).map_err(|_| NotACursor);
        let kind = match u64::from_be_bytes(kind) {
            0 => Kind::Change,
            1 => Kind::Refusal,
            _ => return Err(NotACursor),
        };
        Ok(Self {
            horizon: Horizon {
                epoch: Epoch::new(count(epoch)?),
                revision: Revision::new(count(revision)?),
                refusal: count(refusal)?,
            },
            from: time(from),
            to: time(to),
            after: Mark { at: time(at), kind, number: count(number)? },
        })
    }
}

impl Bound<'_> {
    fn digest(&self, numbers: &[u8]) -> [u8; DIGEST] {
        let mut hash = Sha256::new();
        hash.update(self.org.uuid());
        for text in [self.query, self.from, self.to] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.update([u8::from(self.direction == Direction::Descending)]);
        hash.update(numbers);
        let digest: [u8; 32] = hash.finalize().into();
        std::array::from_fn(|at| digest[at])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const BOUND: Bound<'static> = Bound {
        org: OrgId::new(Uuid::from_u128(1)),
        query: "action:deleted",
        from: "now-15m",
        to: "",
        direction: Direction::Descending,
    };

    fn cursor() -> Cursor {
        Cursor {
            horizon: Horizon { epoch: Epoch::new(1), revision: Revision::new(42), refusal: 7 },
            from: Timestamp::MIN,
            to: Timestamp::from_micros(5),
            after: Mark { at: Timestamp::from_micros(-4), kind: Kind::Refusal, number: 3 },
        }
    }

    #[test]
    fn it_comes_back_as_it_was() {
        assert_eq!(Cursor::read(&cursor().write(&BOUND), &BOUND), Ok(cursor()));
    }

    #[test]
    fn it_is_good_for_no_other_search() {
        let text = cursor().write(&BOUND);
        for other in [
            Bound { org: OrgId::new(Uuid::from_u128(2)), ..BOUND },
            Bound { query: "action:created", ..BOUND },
            Bound { query: "action:deletednow-", from: "15m", ..BOUND },
            Bound { from: "now-16m", ..BOUND },
            Bound { to: "now", ..BOUND },
            Bound { direction: Direction::Ascending, ..BOUND },
        ] {
            assert_eq!(Cursor::read(&text, &other), Err(NotACursor), "{other:?}");
        }
    }

    #[test]
    fn it_counts_no_further_than_ledgers_do() {
        const MOST: u64 = i64::MAX.unsigned_abs();
        let with = |epoch, revision, refusal, number| Cursor {
            horizon: Horizon { epoch: Epoch::new(epoch), revision: Revision::new(revision), refusal },
            after: Mark { number, ..cursor().after },
            ..cursor()
        };
        let read = |cursor: Cursor| Cursor::read(&cursor.write(&BOUND), &BOUND);
        let greatest = with(MOST, MOST, MOST, MOST);
        assert_eq!(read(greatest), Ok(greatest));
        for forged in [
            with(MOST + 1, 2, 3, 4),
            with(1, MOST + 1, 3, 4),
            with(1, 2, MOST + 1, 4),
            with(1, 2, 3, u64::MAX),
        ] {
            assert_eq!(read(forged), Err(NotACursor), "{forged:?}");
        }
    }

    proptest! {
        #[test]
        fn no_other_text_is_one(at in 0_usize..107, text in "[A-Za-z0-9_-]{0,120}") {
            prop_assert!(Cursor::read(&text, &BOUND).is_err());
            let mut altered = cursor().write(&BOUND).into_bytes();
            prop_assume!(at < altered.len());
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let read = Cursor::read(std::str::from_utf8(&altered).unwrap(), &BOUND);
            prop_assert!(read.is_err());
        }
    }
}
