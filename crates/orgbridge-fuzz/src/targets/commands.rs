//! Sequences of commands: on a state in memory, on a ledger, and on a model in plain lists.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use orgbridge_domain::{Draft, Page, Principal, Timestamp};
use orgbridge_ledger::{Clock, CommitError, DatabaseAddress, Ledger, LedgerOptions};
use orgbridge_model::world::{World, enter};
use orgbridge_model::{Command, Model, Outcome, any_command, any_filter, assert_same};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::Target;
use crate::target::Prepared;

/// What the random choices begin with that make commands.
pub(crate) const TARGET: Target =
    Target { name: "commands", about: "commands, on a state, on a ledger and on a model", prepare };

/// How many commands one input makes at the most.
const COMMANDS: usize = 12;

fn prepare() -> Prepared {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    Box::new(move |bytes| {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &folded(bytes));
        let mut runner =
            TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, random);
        let all =
            (proptest::collection::vec(any_command(), 1..=COMMANDS), any_filter(), 0..4_usize, 1..5_usize);
        let Ok(tree) = all.new_tree(&mut runner) else { return };
        let (commands, filter, offset, limit) = tree.current();
        let page = Page { offset, limit };

        let (mut world, mut model, kept) =
            (World::new(), Model::default(), Kept::new(&runtime, Timestamp::from_micros(1)));
        for command in &commands {
            let real = world.carry_out(command);
            assert_eq!(
                real,
                model.carry_out(command, world.now()),
                "{command:?} on the state and on the model"
            );
            assert_eq!(
                kept.carry_out(&runtime, command, world.now()),
                real,
                "{command:?} on the ledger and on the state"
            );
        }
        assert_same(&world.state, world.now(), &model, filter, page);
        assert_same(&kept.ledger.view().state, world.now(), &model, filter, page);
        let again = kept.reopened();
        assert_same(&again.view().state, world.now(), &model, filter, page);
        again.close();
    })
}

/// As many bytes as a generator of randomness begins with.
fn folded(bytes: &[u8]) -> [u8; 32] {
    let mut folded = [0; 32];
    for (place, byte) in bytes.iter().enumerate() {
        folded[place % 32] ^= byte.rotate_left(u32::try_from(place / 32 % 8).unwrap_or_default());
    }
    folded
}

/// A ledger on SQLite in a folder of its own.
struct Kept {
    ledger: Ledger,
    clock: Arc<HandClock>,
    address: DatabaseAddress,
    _folder: tempfile::TempDir,
}

/// A clock that is set by hand.
#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Kept {
    fn new(runtime: &Runtime, now: Timestamp) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = DatabaseAddress::Sqlite(folder.path().join("ledger.db"));
        let clock = Arc::new(HandClock(AtomicI64::new(now.micros())));
        let ledger = Ledger::create(&address, options(&clock)).expect("a new ledger");
        let cast = ledger.commit(Principal::Operator, "cast".parse().expect("a name"), |session, now| {
            let mut draft = Draft::new(session);
            enter(&mut draft, now)?;
            Ok(draft.finish(()))
        });
        runtime.block_on(cast).expect("a cast");
        Self { ledger, clock, address, _folder: folder }
    }

    fn carry_out(&self, runtime: &Runtime, command: &Command, now: Timestamp) -> Outcome {
        self.clock.0.store(now.micros(), Ordering::SeqCst);
        let Ok(principal) = command.principal(&self.ledger.view().state) else {
            return Outcome::Unauthorized;
        };
        let command = command.clone();
        let rule = move |session: &orgbridge_domain::Session<'_>, now| command.decide(session, now);
        let commit = self.ledger.commit(principal, "a-command".parse().expect("a name"), rule);
        match runtime.block_on(commit) {
            Ok(outcome) => outcome,
            Err(CommitError::Refused(refusal)) => refusal.into(),
            Err(CommitError::Unavailable(problem)) => panic!("the ledger broke: {problem}"),
        }
    }

    /// The same, as another process would read it.
    fn reopened(&self) -> Ledger {
        self.ledger.close();
        Ledger::open(&self.address, options(&self.clock)).expect("the same ledger")
    }
}

fn options(clock: &Arc<HandClock>) -> LedgerOptions {
    LedgerOptions { clock: Arc::clone(clock) as _, ..LedgerOptions::default() }
}
