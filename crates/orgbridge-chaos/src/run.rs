//! One run: clients, replicas, and what goes wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use orgbridge_postgres_server::PostgresServer;

use crate::fleet::{Equipment, Fleet};
use crate::operator::Operator;
use crate::process::Signal;
use crate::store::Store;
use crate::workload::Client;
use crate::world::World;
use crate::{
    Answer, Engine, Failure, Fault, History, Moment, Operation, Plan, Promises, Rule, Step, Violation,
    Weather,
};
use crate::{audit, check};

/// How long clients go on when everything is mended.
const AFTERWARDS: Duration = Duration::from_millis(1200);

/// How soon each replica has to be back when everything is mended. The machine may be busy.
const BACK_WITHIN: Duration = Duration::from_secs(15);

/// The staleness that replicas are configured with by default.
const PROMISES: Promises = Promises { max_staleness: Duration::from_secs(2) };

/// What runs have in common.
#[derive(Debug, Clone)]
pub struct Setting<'s> {
    /// The program that serves.
    pub program: PathBuf,
    /// The server that the ledger is on; in a file where there is none. A run in which it is lost has a server of its own.
    pub server: Option<&'s PostgresServer>,
    /// How many replicas there are.
    pub replicas: usize,
    /// How many clients call.
    pub clients: usize,
    /// What is in the environment of each replica besides.
    pub variables: Vec<(&'static str, &'static str)>,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What went wrong, as it was planned.
    pub plan: Plan,
    /// How many calls changed something, says their answer.
    pub acknowledged: usize,
    /// How many were refused.
    pub refused: usize,
    /// Of how many nobody knows.
    pub unknown: usize,
    /// How many looks were answered.
    pub seen: usize,
    /// How many were not, or by a replica that could not know.
    pub unseen: usize,
    /// How long it took until every replica was back when everything was mended.
    pub back_after: Duration,
    /// What does not keep to a rule.
    pub violations: Vec<Violation>,
    /// What the replicas have complained of.
    pub logs: String,
}

impl Setting<'_> {
    /// What the ledger is kept in.
    pub const fn engine(&self) -> Engine {
        if self.server.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// Makes the run of a seed.
    ///
    /// # Errors
    /// If a call was answered as no call ever may be, if a replica ended by itself or did not come back, and if anything
    /// did not work that has nothing to do with the replicas.
    pub fn run(&self, seed: u64) -> Result<Outcome, Failure> {
        let plan = Plan::draw(seed, self.replicas, self.engine());
        self.run_plan(&plan, seed)
    }

    /// Makes a run in which this goes wrong, and the clients do what the seed says.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_plan(&self, plan: &Plan, seed: u64) -> Result<Outcome, Failure> {
        self.follow(plan, seed).map_err(|failure| format!("seed {seed}, {plan}: {failure}").into())
    }

    fn follow(&self, plan: &Plan, seed: u64) -> Result<Outcome, Failure> {
        let folder = tempfile::tempdir()?;
        let world = World::new();
        let lost = if plan.fails_over() { Some(PostgresServer::start()?) } else { None };
        let store = match (&lost, self.server) {
            (Some(server), _) => Store::with_a_copy(server)?,
            (None, Some(server)) => Store::on(server)?,
            (None, None) => Store::File(folder.path().join("ledger.db")),
        };
        let fleet = self.fleet(folder.path(), store, plan, &world)?;
        let before = audit::revision(&fleet)?;
        for number in 0..fleet.size() {
            fleet.start(number)?;
        }

        let mut operations = self.load(plan, seed, &world, &fleet)?;
        let back_after = wait_until_all_are_back(&fleet, &world)?;
        for number in 0..fleet.size() {
            let client = Client::new(self.clients + 1 + number, &world, &fleet, Rng::with_seed(seed));
            operations.extend(client.look_around(number)?);
        }
        fleet.all_alive()?;
        fleet.command(&["audit", "verify"])?;
        let log = Some(audit::entries(&fleet, &world, before)?);
        let history = History { operations, log };

        let count =
            |is_it: fn(&Operation) -> bool| history.operations.iter().filter(|call| is_it(call)).count();
        Ok(Outcome {
            plan: plan.clone(),
            acknowledged: count(|call| call.answer == Answer::Done),
            refused: count(|call| call.answer == Answer::Refused),
            unknown: count(|call| call.answer == Answer::Unknown && call.request().is_some()),
            seen: count(|call| matches!(call.answer, Answer::Seen(_))),
            unseen: count(|call| call.answer == Answer::Unknown && call.request().is_none()),
            back_after,
            violations: check(&history, PROMISES),
            logs: fleet.logs(),
        })
    }

    fn fleet<'f>(
        &'f self,
        folder: &'f Path,
        store: Store<'f>,
        plan: &Plan,
        world: &World,
    ) -> Result<Fleet<'f>, Failure> {
        let equipment = Equipment {
            program: &self.program,
            folder,
            replicas: self.replicas,
            movable_clocks: plan.moves_a_clock(),
            variables: &self.variables,
        };
        Fleet::of(equipment, store, &world.import())
    }

    /// Has clients call while things go wrong, and returns what they asked.
    fn load(
        &self,
        plan: &Plan,
        seed: u64,
        world: &World,
        fleet: &Fleet<'_>,
    ) -> Result<Vec<Operation>, Failure> {
        let mut random = Rng::with_seed(seed);
        let stop = &AtomicBool::new(false);
        let began = world.now();
        thread::scope(|scope| {
            let mut clients: Vec<_> = (0..self.clients)
                .map(|number| {
                    let client = Client::new(number, world, fleet, random.fork());
                    scope.spawn(move || client.work(stop))
                })
                .collect();
            let client = Client::new(self.clients, world, fleet, random.fork());
            let operator = Operator::new(client, world, fleet);
            clients.push(scope.spawn(move || operator.work(stop)));
            let steps = plan.0.iter().map(|step| scope.spawn(move || self.play(*step, began, world, fleet)));
            let steps: Vec<_> = steps.collect();
            let played: Result<Vec<()>, Failure> = steps.into_iter().map(joined).collect();
            thread::sleep(AFTERWARDS);
            // Before anything else is looked at: nobody would ever stop.
            stop.store(true, Ordering::Relaxed);
            let operations: Result<Vec<_>, Failure> = clients.into_iter().map(joined).collect();
            played?;
            Ok(operations?.concat())
        })
    }

    /// Lets something go wrong at its time after `began`, and mends it.
    fn play(&self, step: Step, began: Moment, world: &World, fleet: &Fleet<'_>) -> Result<(), Failure> {
        thread::sleep((began + step.at).saturating_sub(world.now()));
        self.begin(step.fault, fleet)?;
        thread::sleep(step.lasts);
        self.mend(step.fault, fleet)
    }

    fn begin(&self, fault: Fault, fleet: &Fleet<'_>) -> Result<(), Failure> {
        match fault {
            Fault::Kill(replica) => fleet.kill(replica),
            Fault::Pause(replica) => fleet.signal(replica, Signal::Stop)?,
            Fault::Line(replica, weather) => fleet.set_weather(replica, weather),
            Fault::Clock(replica, seconds) => fleet.move_clock(replica, seconds)?,
            Fault::KillDatabase => self.server.map_or(Ok(()), PostgresServer::kill)?,
            Fault::StopDatabase => self.server.map_or(Ok(()), PostgresServer::stop)?,
            Fault::FreezeDatabase => self.server.map_or(Ok(()), PostgresServer::freeze)?,
            Fault::FailOver => fleet.lose_database()?,
        }
        Ok(())
    }

    fn mend(&self, fault: Fault, fleet: &Fleet<'_>) -> Result<(), Failure> {
        match fault {
            Fault::Kill(replica) => start_again(fleet, replica)?,
            Fault::Pause(replica) => fleet.signal(replica, Signal::Continue)?,
            Fault::Line(replica, _) => fleet.set_weather(replica, Weather::Clear),
            Fault::Clock(replica, _) => fleet.move_clock(replica, 0)?,
            Fault::KillDatabase | Fault::StopDatabase => {
                self.server.map_or(Ok(()), PostgresServer::go_on)?;
            }
            Fault::FreezeDatabase => self.server.map_or(Ok(()), PostgresServer::thaw)?,
            Fault::FailOver => fleet.promote_copy()?,
        }
        Ok(())
    }
}

/// Starts a replica that was killed. While the database is away, it can't.
fn start_again(fleet: &Fleet<'_>, replica: usize) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        match fleet.start(replica) {
            Ok(()) => return Ok(()),
            Err(failure) if began.elapsed() > BACK_WITHIN => return Err(failure),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Waits until every replica knows again what is so, and says how long that took.
fn wait_until_all_are_back(fleet: &Fleet<'_>, world: &World) -> Result<Duration, Failure> {
    let began = Instant::now();
    for number in 0..fleet.size() {
        while !Client::is_answered(fleet, world, number) {
            if began.elapsed() > BACK_WITHIN {
                fleet.all_alive()?;
                return Err(format!("replica {number} does not come back; {}", fleet.logs()).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(began.elapsed())
}

fn joined<T>(handle: ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    handle.join().map_err(|_| "a thread panicked")?
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, acknowledged, refused, unknown, seen, unseen, back_after, violations, .. } = self;
        let back_after = back_after.as_secs_f64();
        write!(
            formatter,
            "{plan}: {acknowledged} changes, {refused} refused, {unknown} unknown, {seen} looks, {unseen} in vain, \
             back after {back_after:.1} s; "
        )?;
        let mut broken: BTreeMap<Rule, usize> = BTreeMap::new();
        for violation in violations {
            *broken.entry(violation.rule).or_default() += 1;
        }
        let broken: Vec<_> =
            broken.iter().map(|(rule, times)| format!("{rule:?} broken {times} times")).collect();
        formatter.write_str(&if broken.is_empty() {
            "no promise broken".to_owned()
        } else {
            broken.join(", ")
        })
    }
}
