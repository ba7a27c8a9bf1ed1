//! Thousands of random schedules of processes that look, commit, stop, lose answers and crash, on clocks that go at
//! different rates: nobody answers by a state that somebody was told is gone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use fastrand::Rng;
use uuid::Uuid;

use super::{Barrier, Look, ReplicaId, Roll, RollCall, Seat, Tenure};
use crate::clock::Moment;
use crate::{ChainDigest, Epoch, Position, Revision};

const LEASE: Duration = Duration::from_secs(2);
const PROCESSES: usize = 3;
const LAST_MILLISECOND: u64 = 60_000;

/// What of the protocol is left out, to see that the simulation notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    /// Whoever takes something away waits for nobody.
    TheBarrier,
    /// A look counts although others may have taken the seat for silent meanwhile.
    TheSecondLook,
    /// What is known is gone by for ever.
    TheLease,
    /// What is asked for with a commit is read before it.
    TheOrder,
}

fn at(revision: u64) -> Position {
    Position { epoch: Epoch::FIRST, revision: Revision::new(revision), digest: ChainDigest::START }
}

/// What is asked of the database, and what it says.
#[derive(Debug, Clone)]
enum Call {
    Position {
        began: Moment,
        found: u64,
    },
    Renew {
        began: Moment,
        asked: Moment,
        seat: Seat,
        done: bool,
    },
    Enter {
        asked: Moment,
        seat: Seat,
    },
    Seats {
        asked: Moment,
        found: Vec<Seat>,
    },
    Remove(Seat),
    Commit {
        made: u64,
    },
    /// Both of them, one after the other: whichever is not there yet is still to come.
    CommitThenSeats {
        asked: Moment,
        made: Option<u64>,
        found: Option<Vec<Seat>>,
    },
}

#[derive(Debug)]
enum Event {
    /// The process does something new.
    Wake,
    /// The database gets the call; the answer takes so long, or is lost.
    Reaches(Call, Option<u64>),
    Answers(Call),
    /// No answer comes.
    TimesOut,
}

struct Process {
    /// It has crashed this often: what was under way before that is nobody's.
    life: u32,
    rate: f64,
    tenure: Tenure,
    roll: Roll,
    barrier: Barrier<u64>,
    applied: u64,
    fresh: Option<Moment>,
}

impl Process {
    fn new(life: u32, rate: f64) -> Self {
        let (tenure, roll, barrier) = (Tenure::new(LEASE), Roll::default(), Barrier::default());
        Self { life, rate, tenure, roll, barrier, applied: 0, fresh: None }
    }

    fn take_in(&mut self, call: RollCall) {
        self.roll.take_in(call, self.tenure.held().map(|held| held.seat.replica));
    }
}

struct Simulation {
    random: Rng,
    left_out: LeftOut,
    now: u64,
    events: BinaryHeap<Reverse<(u64, u64, usize, u32)>>,
    what: BTreeMap<u64, Event>,
    number: u64,
    processes: Vec<Process>,
    /// The database.
    revision: u64,
    seats: BTreeMap<ReplicaId, Seat>,
    /// The last revision of which somebody was told that everybody knows it.
    told: u64,
    releases: u32,
}

impl Simulation {
    fn new(seed: u64, left_out: LeftOut) -> Self {
        let mut random = Rng::with_seed(seed);
        let processes = (0..PROCESSES).map(|_| Process::new(0, 0.96 + 0.08 * random.f64())).collect();
        let mut simulation = Self {
            random,
            left_out,
            now: 0,
            events: BinaryHeap::new(),
            what: BTreeMap::new(),
            number: 0,
            processes,
            revision: 0,
            seats: BTreeMap::new(),
            told: 0,
            releases: 0,
        };
        for process in 0..PROCESSES {
            simulation.later(process, 1, Event::Wake);
        }
        simulation
    }

    /// What the clock of a process shows.
    fn clock(&self, process: usize) -> Moment {
        // A second for each, so that none shows what another does.
        let began = 1.0 + f64::from(u32::try_from(process).unwrap());
        let seconds = f64::from(u32::try_from(self.now).unwrap()) / 1000.0 * self.processes[process].rate;
        Moment::at(Duration::from_secs_f64(began + seconds))
    }

    /// Most things are quick, some are slow, and some take longer than a lease.
    fn delay(&mut self) -> u64 {
        match self.random.u32(0..1000) {
            0..940 => self.random.u64(1..20),
            940..990 => self.random.u64(20..800),
            _ => self.random.u64(800..6000),
        }
    }

    fn later(&mut self, process: usize, delay: u64, event: Event) {
        self.later_in(self.processes[process].life, process, delay, event);
    }

    fn later_in(&mut self, life: u32, process: usize, delay: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.now + delay, self.number, process, life)));
        self.what.insert(self.number, event);
    }

    fn ask(&mut self, process: usize, call: Call) {
        let (there, back) = (self.delay(), self.delay());
        match self.random.u32(0..100) {
            // It never arrives, or the answer never does.
            0 => self.later(process, 1000, Event::TimesOut),
            1 => {
                self.later(process, there, Event::Reaches(call, None));
                self.later(process, there + 1000, Event::TimesOut);
            }
            _ => self.later(process, there, Event::Reaches(call, Some(back))),
        }
    }

    /// Runs to the end. Says what went wrong, if anything did, and else how often somebody was told.
    fn run(mut self) -> Result<u32, String> {
        while let Some(Reverse((time, number, process, life))) = self.events.pop() {
            if time > LAST_MILLISECOND {
                break;
            }
            self.now = time;
            let event = self.what.remove(&number).unwrap();
            if let Event::Reaches(call, back) = event {
                // The database does what it was asked, even if whoever asked is no more.
                let answer = self.database(&call);
                if let Call::CommitThenSeats { made: None, .. } | Call::CommitThenSeats { found: None, .. } =
                    answer
                {
                    let delay = self.delay();
                    self.later_in(life, process, delay, Event::Reaches(answer, back));
                } else if let (Some(back), true) = (back, self.processes[process].life == life) {
                    self.later(process, back, Event::Answers(answer));
                }
            } else if self.processes[process].life == life {
                self.happens(process, event)?;
            }
        }
        Ok(self.releases)
    }

    fn database(&mut self, call: &Call) -> Call {
        match *call {
            Call::Position { began, .. } => Call::Position { began, found: self.revision },
            Call::Renew { began, asked, seat, .. } => {
                let known = self.seats.get_mut(&seat.replica).filter(|known| known.turn + 1 == seat.turn);
                let done = known.map(|known| *known = seat).is_some();
                Call::Renew { began, asked, seat, done }
            }
            Call::Enter { asked, seat } => {
                self.seats.insert(seat.replica, seat);
                Call::Enter { asked, seat }
            }
            Call::Seats { asked, .. } => Call::Seats { asked, found: self.seats.values().copied().collect() },
            Call::Remove(seat) => {
                if self.seats.get(&seat.replica) == Some(&seat) {
                    self.seats.remove(&seat.replica);
                }
                Call::Remove(seat)
            }
            Call::Commit { .. } => Call::Commit { made: self.commit() },
            Call::CommitThenSeats { asked, made, ref found } => {
                let is_to_commit = made.is_none() && (found.is_some() || self.left_out != LeftOut::TheOrder);
                if is_to_commit {
                    Call::CommitThenSeats { asked, made: Some(self.commit()), found: found.clone() }
                } else {
                    Call::CommitThenSeats { asked, made, found: Some(self.seats.values().copied().collect()) }
                }
            }
        }
    }

    fn commit(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    fn happens(&mut self, process: usize, event: Event) -> Result<(), String> {
        if self.random.u32(0..2000) == 0 {
            let Process { life, rate, .. } = self.processes[process];
            self.processes[process] = Process::new(life + 1, rate);
            let delay = self.delay();
            self.later(process, delay, Event::Wake);
            return Ok(());
        }
        let now = self.clock(process);
        match event {
            Event::Wake => {
                let commits = self.random.u32(0..10) == 0 && self.processes[process].fresh.is_some();
                let call = match (commits, self.random.bool()) {
                    (false, _) => Call::Position { began: now, found: 0 },
                    (true, false) => Call::Commit { made: 0 },
                    (true, true) => Call::CommitThenSeats { asked: now, made: None, found: None },
                };
                self.ask(process, call);
            }
            Event::TimesOut => {
                let delay = self.delay();
                self.later(process, delay, Event::Wake);
            }
            Event::Answers(call) => self.answered(process, call, now)?,
            Event::Reaches(..) => unreachable!("the database gets it"),
        }
        Ok(())
    }

    fn answered(&mut self, process: usize, call: Call, now: Moment) -> Result<(), String> {
        let own = &mut self.processes[process];
        match call {
            Call::Position { began, found } => {
                own.applied = own.applied.max(found);
                let next = match own.tenure.held() {
                    Some(held) => {
                        let seat = held.seat.renewed_at(at(own.applied));
                        Call::Renew { began, asked: now, seat, done: false }
                    }
                    None => self.enter(process, now),
                };
                self.ask(process, next);
            }
            Call::Renew { began, asked, seat, done: true } => {
                let position = Position { revision: seat.revision, ..at(0) };
                let counts = own.tenure.renew(Look { began, position, asked, answered: now });
                let counts = if self.left_out == LeftOut::TheSecondLook { Some(began) } else { counts };
                own.fresh = own.fresh.max(counts);
                self.check(process)?;
                self.ask(process, Call::Seats { asked: now, found: Vec::new() });
            }
            Call::Renew { .. } => {
                own.tenure.lose();
                let enter = self.enter(process, now);
                self.ask(process, enter);
            }
            Call::Enter { asked, seat } => {
                own.tenure.take(seat, asked, now);
                self.later(process, 1, Event::Wake);
            }
            Call::Seats { asked, found } => {
                own.take_in(RollCall { seats: found, asked, answered: now, after: None });
                let silent: Vec<_> = own.roll.silent().copied().collect();
                for seat in silent {
                    self.ask(process, Call::Remove(seat));
                }
                self.release(process, now)?;
                let waits = !self.processes[process].barrier.is_empty();
                let pause = if waits { 10 } else { 200 };
                self.later(process, pause, Event::Wake);
            }
            Call::Commit { made } => {
                own.applied = own.applied.max(made);
                own.barrier.wait(at(made), now, made);
                if self.left_out == LeftOut::TheBarrier {
                    self.tell(made)?;
                }
                self.later(process, 1, Event::Wake);
            }
            Call::CommitThenSeats { asked, made, found } => {
                let (made, seats) = (made.unwrap(), found.unwrap());
                own.applied = own.applied.max(made);
                own.take_in(RollCall { seats, asked, answered: now, after: Some(at(made)) });
                own.barrier.wait(at(made), now, made);
                if self.left_out == LeftOut::TheBarrier {
                    self.tell(made)?;
                }
                self.release(process, now)?;
                self.later(process, 1, Event::Wake);
            }
            Call::Remove(_) => {}
        }
        Ok(())
    }

    fn enter(&mut self, process: usize, asked: Moment) -> Call {
        let replica = ReplicaId::new(Uuid::from_u128(self.random.u128(..)));
        Call::Enter { asked, seat: self.processes[process].tenure.seat_of(replica) }
    }

    fn release(&mut self, process: usize, now: Moment) -> Result<(), String> {
        let Process { barrier, roll, .. } = &mut self.processes[process];
        for made in barrier.release(roll, LEASE, Moment::NEVER, now) {
            self.releases += 1;
            self.tell(made)?;
        }
        Ok(())
    }

    /// Somebody is told that everybody knows this revision.
    fn tell(&mut self, made: u64) -> Result<(), String> {
        self.told = self.told.max(made);
        (0..PROCESSES).try_for_each(|process| self.check(process))
    }

    /// Whoever could answer now knows what others were told that everybody knows.
    fn check(&self, process: usize) -> Result<(), String> {
        let Process { fresh, applied, .. } = self.processes[process];
        let age = fresh.map(|fresh| self.clock(process).since(fresh));
        let in_lease = |age| age <= LEASE || self.left_out == LeftOut::TheLease;
        if age.is_some_and(in_lease) && applied < self.told {
            return Err(format!(
                "after {} ms process {process} answers by {applied}, and {} was told",
                self.now, self.told
            ));
        }
        Ok(())
    }
}

#[test]
fn nobody_answers_by_what_somebody_was_told_is_gone() {
    let mut releases = 0;
    for seed in 0..2000 {
        releases += Simulation::new(seed, LeftOut::Nothing)
            .run()
            .unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    }
    assert!(releases > 20_000, "only {releases}");
}

#[test]
fn whatever_is_left_out_is_noticed() {
    for left_out in [LeftOut::TheBarrier, LeftOut::TheLease, LeftOut::TheSecondLook, LeftOut::TheOrder] {
        let noticed = (0..20_000).any(|seed| Simulation::new(seed, left_out).run().is_err());
        assert!(noticed, "{left_out:?}");
    }
}
