//! The seats of the processes that serve one file: files of their own beside it.
//!
//! They are no rows, since they have to be renewed many times a second, where nothing can be committed, too, and say
//! nothing that has to last. Whoever sits on one holds it locked, so that the others know at once when a process is no
//! more. One that is locked is never removed by others: it may be renewed at that moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::fleet::{MAX_LEASE, ReplicaId, Seat};
use crate::storage::Fleet;
use crate::{Epoch, Revision, Unavailable};

/// The length of what a seat says. It says it twice, so that one that is just being renewed is not misread.
const SAYING: usize = 96;

/// How often one that is being renewed is read again.
const MAX_READS: usize = 16;

/// What a seat is called before it says anything.
const UNREADY: char = '.';

/// A folder of seats.
pub(crate) struct Seats {
    folder: PathBuf,
    own: Option<(Seat, File)>,
}

impl Seats {
    /// Of the database at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        Self { folder: folder_of(path), own: None }
    }

    fn path_of(&self, seat: &Seat) -> PathBuf {
        self.folder.join(seat.replica.to_string())
    }

    fn give_up_own(&mut self) -> io::Result<()> {
        let Some((seat, file)) = self.own.take() else { return Ok(()) };
        remove_file(&self.path_of(&seat))?;
        drop(file);
        // Only the last to go can remove it.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Takes a file that is locked before anybody can find it.
    fn sit(&self, seat: &Seat) -> io::Result<File> {
        let unready = self.folder.join(format!("{UNREADY}{}", seat.replica));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        make_folder(&self.folder)?;
        let mut file = match options.open(&unready) {
            // The last of others to go has just removed the folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(&self.folder)?;
                options.open(&unready)?
            }
            opened => opened?,
        };
        let done = file
            .lock()
            .and_then(|()| say(&mut file, seat))
            .and_then(|()| fs::rename(&unready, self.path_of(seat)));
        if done.is_err() {
            // It said nothing to anybody.
            let _ = fs::remove_file(&unready);
        }
        done.map(|()| file)
    }

    /// The seat in a file; `None` if nobody sits there.
    fn read(&self, path: &Path, replica: ReplicaId) -> io::Result<Option<Seat>> {
        if let Some((own, _)) = &self.own
            && own.replica == replica
        {
            return Ok(Some(*own));
        }
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => {
                remove_file(path)?;
                return Ok(None);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        for _ in 0..MAX_READS {
            let mut said = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut said)?;
            if let Some(seat) = understand(&said, replica) {
                return Ok(Some(seat));
            }
        }
        // Whoever sits there is waited for.
        Ok(Some(Seat::taken_by(replica, MAX_LEASE)))
    }
}

impl Fleet for Seats {
    fn enter(&mut self, seat: &Seat) -> Result<(), Unavailable> {
        self.give_up_own().map_err(|error| failed(&error))?;
        let file = self.sit(seat).map_err(|error| failed(&error))?;
        self.own = Some((*seat, file));
        Ok(())
    }

    fn renew(&mut self, seat: &Seat) -> Result<bool, Unavailable> {
        let is_there = self.path_of(seat).exists();
        match &mut self.own {
            Some((own, file)) if is_there && own.replica == seat.replica && own.turn + 1 == seat.turn => {
                say(file, seat).map_err(|error| failed(&error))?;
                *own = *seat;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn seats(&mut self) -> Result<Vec<Seat>, Unavailable> {
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(|error| failed(&error))?,
        };
        let mut seats = Vec::new();
        for file in files {
            let file = file.map_err(|error| failed(&error))?;
            let name = file.file_name();
            let Some(Ok(id)) = name.to_str().map(Uuid::try_parse) else { continue };
            seats.extend(self.read(&file.path(), ReplicaId::new(id)).map_err(|error| failed(&error))?);
        }
        Ok(seats)
    }

    fn remove(&mut self, seat: &Seat) -> Result<(), Unavailable> {
        let is_own = self.own.as_ref().is_some_and(|(own, _)| own.replica == seat.replica);
        if is_own { self.give_up_own().map_err(|error| failed(&error)) } else { Ok(()) }
    }

    /// Nobody copies what is held locked.
    fn place(&self) -> u64 {
        0
    }
}

/// Removes the seats of a database that nobody serves.
pub(super) fn remove_all(path: &Path) {
    // There are none, as a rule.
    let _ = fs::remove_dir_all(folder_of(path));
}

/// Removes a file, unless somebody else was faster.
fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push("-seats");
    PathBuf::from(name)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn say(file: &mut File, seat: &Seat) -> io::Result<()> {
    let Seat { turn, lease, epoch, revision, .. } = seat;
    let saying = format!("{turn} {} {epoch} {revision} ", lease.as_micros());
    let saying = format!("{saying:-<SAYING$}");
    file.seek(SeekFrom::Start(0))?;
    file.write_all(saying.repeat(2).as_bytes())
}

fn understand(said: &[u8], replica: ReplicaId) -> Option<Seat> {
    let (first, second) = said.split_at_checked(SAYING)?;
    let words = std::str::from_utf8(first).ok().filter(|_| first == second)?;
    let mut numbers = words.split(' ').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (turn, lease) = (next()?, Duration::from_micros(next()?));
    let (epoch, revision) = (Epoch::new(next()?), Revision::new(next()?));
    Some(Seat { replica, turn, lease, epoch, revision })
}

fn failed(error: &io::Error) -> Unavailable {
    Unavailable::Device { cause: format!("the seats beside the database: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChainDigest, Position};

    fn seat(number: u128) -> Seat {
        Seat::taken_by(ReplicaId::new(Uuid::from_u128(number)), Duration::from_secs(2))
    }

    fn at(revision: u64) -> Position {
        Position { epoch: Epoch::new(3), revision: Revision::new(revision), digest: ChainDigest::START }
    }

    #[test]
    fn whoever_sits_is_seen_by_the_others_with_what_they_said_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (mut first, mut second) = (Seats::of(&path), Seats::of(&path));
        assert_eq!(second.seats(), Ok(Vec::new()));
        first.enter(&seat(1)).unwrap();
        second.enter(&seat(2)).unwrap();
        let renewed = seat(1).renewed_at(at(u64::MAX));
        assert_eq!(first.renew(&renewed), Ok(true));
        assert_eq!(first.renew(&renewed), Ok(false), "that turn was taken");
        for seats in [&mut first, &mut second] {
            let mut seen = seats.seats().unwrap();
            seen.sort_by_key(|seat| seat.replica);
            assert_eq!(seen, [renewed, seat(2)]);
        }
        second.remove(&renewed).unwrap();
        assert_eq!(first.renew(&renewed.renewed_at(at(1))), Ok(true), "nobody removes the seat of another");
    }

    #[test]
    fn whoever_is_no_more_leaves_no_seat() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (mut first, mut second) = (Seats::of(&path), Seats::of(&path));
        first.enter(&seat(1)).unwrap();
        second.enter(&seat(2)).unwrap();
        // As a process that is killed: its files are closed, and nothing is removed.
        drop(first);
        assert_eq!(second.seats(), Ok(vec![seat(2)]));
        second.remove(&seat(2)).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_seat_that_is_gone_is_not_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut seats = Seats::of(&path);
        seats.enter(&seat(1)).unwrap();
        remove_all(&path);
        assert_eq!(seats.renew(&seat(1).renewed_at(at(1))), Ok(false));
        seats.enter(&seat(3)).unwrap();
        assert_eq!(seats.seats(), Ok(vec![seat(3)]));
    }

    #[test]
    fn one_that_says_nothing_that_is_understood_is_waited_for_as_long_as_anybody_may_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (mut first, mut second) = (Seats::of(&path), Seats::of(&path));
        first.enter(&seat(1)).unwrap();
        fs::write(first.path_of(&seat(1)), "of a later version").unwrap();
        assert_eq!(second.seats(), Ok(vec![Seat::taken_by(seat(1).replica, MAX_LEASE)]));
    }

    #[test]
    fn half_of_a_saying_is_not_understood() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = File::create_new(folder.path().join("seat")).unwrap();
        say(&mut file, &seat(1).renewed_at(at(7))).unwrap();
        let said = fs::read(folder.path().join("seat")).unwrap();
        let replica = seat(1).replica;
        assert_eq!(understand(&said, replica), Some(seat(1).renewed_at(at(7))));
        let mut torn = said.clone();
        torn[0] = b'9';
        assert_eq!(understand(&torn, replica), None);
        assert_eq!(understand(&said[..SAYING], replica), None);
    }
}
