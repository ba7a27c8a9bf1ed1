//! Replicas of one ledger.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Process, Signal};
use crate::store::Store;
use crate::{Failure, Proxy, Replica, Weather};

/// Where Debian's package `libfaketime` puts the library that moves a process's wall clock and no other.
const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

/// How long a command is tried again. A busy machine keeps the database from answering for seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long is waited in between.
const PAUSE: Duration = Duration::from_millis(200);

/// What a fleet is made of.
#[derive(Debug, Clone)]
pub(crate) struct Equipment<'e> {
    /// The program that serves.
    pub(crate) program: &'e Path,
    /// A folder for the files of the run.
    pub(crate) folder: &'e Path,
    /// How many replicas there are.
    pub(crate) replicas: usize,
    /// Whether their wall clocks can be moved.
    pub(crate) movable_clocks: bool,
    /// What is in the environment of each replica besides.
    pub(crate) variables: &'e [(&'static str, &'static str)],
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is done, and has printed this.
    Well(Value),
    /// A rule said no.
    Refused,
    /// The ledger could not be reached, or not kept.
    Unavailable,
}

/// Replicas of one ledger, each with a line of its own to it.
#[derive(Debug)]
pub(crate) struct Fleet<'s> {
    equipment: Equipment<'s>,
    store: Store<'s>,
    faketime: Option<PathBuf>,
    seats: Vec<Seat>,
}

/// A replica's place.
#[derive(Debug)]
struct Seat {
    database: String,
    proxy: Option<Proxy>,
    /// By how much its clock is moved.
    clock: PathBuf,
    log: PathBuf,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    process: Option<Process>,
    /// How often it was started.
    starts: usize,
}

impl<'s> Fleet<'s> {
    /// Makes a ledger that holds what `import` says, and starts nothing yet.
    pub(crate) fn of(equipment: Equipment<'s>, store: Store<'s>, import: &str) -> Result<Self, Failure> {
        let faketime = if equipment.movable_clocks { Some(find_faketime()?) } else { None };
        let seats = (0..equipment.replicas).map(|number| Seat::prepare(number, &equipment, &store));
        let seats = seats.collect::<Result<_, Failure>>()?;
        let fleet = Self { equipment, store, faketime, seats };
        let file = fleet.equipment.folder.join("organizations.yaml");
        fs::write(&file, import)?;
        let file = file.to_string_lossy();
        // Where the ledger could be made, but not all of the import kept, the rest follows.
        if fleet.run(&["import", &file, "--create"])? == Ended::Unavailable {
            fleet.command(&["import", &file])?;
        }
        Ok(fleet)
    }

    pub(crate) const fn size(&self) -> usize {
        self.equipment.replicas
    }

    /// Starts a replica that isn't running.
    pub(crate) fn start(&self, number: usize) -> Result<(), Failure> {
        let seat = &self.seats[number];
        let mut command = Command::new(self.equipment.program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &seat.database, "--log", "warn"])
            .env("ORGBRIDGE_RATE_LIMIT", "off")
            .envs(self.equipment.variables.iter().copied());
        if let Some(library) = &self.faketime {
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", &seat.clock)
                .env("FAKETIME_CACHE_DURATION", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("DONT_FAKE_MONOTONIC", "1");
        }
        let process = Process::start(&mut command, &seat.log);
        let process = process.map_err(|error| format!("replica {number}: {error}; {}", seat.log()))?;
        let mut running = seat.running();
        running.process = Some(process);
        running.starts += 1;
        Ok(())
    }

    /// Where a replica is, if it runs.
    pub(crate) fn find(&self, number: usize) -> Option<(Replica, SocketAddr)> {
        let running = self.seats[number].running();
        let life = running.starts.checked_sub(1)?;
        running.process.as_ref().map(|process| (Replica { number, life }, process.address))
    }

    /// `kill -9`.
    pub(crate) fn kill(&self, number: usize) {
        self.seats[number].running().process = None;
    }

    pub(crate) fn signal(&self, number: usize, signal: Signal) -> Result<(), Failure> {
        self.seats[number].running().process.as_ref().map_or(Ok(()), |process| process.signal(signal))
    }

    /// Changes what the line of a replica is like. A file is reached by no line.
    pub(crate) fn set_weather(&self, number: usize, weather: Weather) {
        if let Some(proxy) = &self.seats[number].proxy {
            proxy.set(weather);
        }
    }

    /// Kills the server of the database, whose copy is going to take its place.
    pub(crate) fn lose_database(&self) -> Result<(), Failure> {
        match &self.store {
            Store::File(_) => Ok(()),
            Store::Server(place) => place.lose(),
        }
    }

    /// Has the copy take the place of the database, and leads every line there.
    pub(crate) fn promote_copy(&self) -> Result<(), Failure> {
        if let Store::Server(place) = &self.store {
            place.promote()?;
            let proxies = self.seats.iter().filter_map(|seat| seat.proxy.as_ref());
            proxies.for_each(|proxy| proxy.lead_to(place.server()));
        }
        Ok(())
    }

    /// Moves the wall clock of a replica, within a second.
    pub(crate) fn move_clock(&self, number: usize, seconds: i64) -> Result<(), Failure> {
        Ok(fs::write(&self.seats[number].clock, format!("{seconds:+}\n"))?)
    }

    /// Fails if a replica has ended that nobody killed.
    pub(crate) fn all_alive(&self) -> Result<(), Failure> {
        for (number, seat) in self.seats.iter().enumerate() {
            let mut running = seat.running();
            if let Some(process) = &mut running.process
                && !process.is_alive()?
            {
                return Err(format!("replica {number} has ended; {}", seat.log()).into());
            }
        }
        Ok(())
    }

    /// What each replica has complained of.
    pub(crate) fn logs(&self) -> String {
        let logs = self.seats.iter().enumerate();
        let logs: Vec<_> = logs.map(|(number, seat)| format!("replica {number}: {}", seat.log())).collect();
        logs.join("\n")
    }

    /// Runs a command of the program on the ledger, not through any line, and returns what it prints. It is run again while
    /// the ledger can't be reached, so it has to be one that can be.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let began = Instant::now();
        loop {
            match self.run(arguments)? {
                Ended::Well(printed) => return Ok(printed),
                Ended::Unavailable if began.elapsed() < PATIENCE => thread::sleep(PAUSE),
                other => return Err(format!("{arguments:?}: {other:?}").into()),
            }
        }
    }

    /// Runs a command of the program on the ledger, not through any line.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ended, Failure> {
        let mut command = Command::new(self.equipment.program);
        command.args(arguments).args(["--database", &self.store.address(), "--output", "json"]);
        let output = command.envs(self.equipment.variables.iter().copied()).output()?;
        match output.status.code() {
            Some(0) => Ok(Ended::Well(serde_json::from_slice(&output.stdout)?)),
            Some(3) => Ok(Ended::Refused),
            Some(4) => Ok(Ended::Unavailable),
            _ => Err(format!("{arguments:?}: {output:?}").into()),
        }
    }
}

impl Seat {
    fn prepare(number: usize, equipment: &Equipment<'_>, store: &Store<'_>) -> Result<Self, Failure> {
        let (database, proxy) = match store {
            Store::File(_) => (store.address(), None),
            Store::Server(place) => {
                let proxy = Proxy::start(place.server())?;
                (place.address_through(proxy.address()), Some(proxy))
            }
        };
        let clock = equipment.folder.join(format!("clock-{number}"));
        fs::write(&clock, "+0\n")?;
        let log = equipment.folder.join(format!("log-{number}"));
        Ok(Self { database, proxy, clock, log, running: Mutex::default() })
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn find_faketime() -> Result<PathBuf, Failure> {
    let folders = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join(FAKETIME)).find(|library| library.is_file());
    found.ok_or_else(|| "there is no libfaketime here: install Debian's package libfaketime".into())
}
