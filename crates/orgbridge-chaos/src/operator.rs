//! The operator, who works on the command line beside the replicas.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::fleet::{Ended, Fleet};
use crate::workload::Client;
use crate::world::World;
use crate::{Answer, Ask, Effect, Fact, Failure, Kind, Operation, Pair, Recorded, Replica, Span};

/// How long the operator does other things between two commands: each is a process that reads the whole ledger.
const PAUSE: Duration = Duration::from_millis(400);

/// What stands for the name of the request by which the operator deletes a connection: commands choose names by chance.
pub(crate) fn deletion(connection: &str) -> String {
    format!("operator-deletes-{connection}")
}

/// The same where they switch an org on or off, which they do once each.
pub(crate) fn switch(org: &str, on: bool) -> String {
    format!("operator-switches-{}-{org}", if on { "on" } else { "off" })
}

/// Someone at the command line.
pub(crate) struct Operator<'r> {
    client: Client<'r>,
    world: &'r World,
    fleet: &'r Fleet<'r>,
    operations: Vec<Operation>,
}

impl<'r> Operator<'r> {
    /// They look at what came of their commands as `client` does.
    pub(crate) const fn new(client: Client<'r>, world: &'r World, fleet: &'r Fleet<'r>) -> Self {
        Self { client, world, fleet, operations: Vec::new() }
    }

    /// Deletes a connection or switches a guest now and then, and sees whether that is so.
    ///
    /// # Errors
    /// As [`Client::work`].
    pub(crate) fn work(mut self, stop: &AtomicBool) -> Result<Vec<Operation>, Failure> {
        let mut tried = HashSet::new();
        // Every guest is switched on, and off by the next command but one.
        let mut guests = (0..self.world.guests.len()).flat_map(|guest| [(guest, true), (guest, false)]);
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(PAUSE);
            // A second command for the same one could not be told from the first.
            if let Some((pair, id)) = self.client.any_connection().filter(|(_, id)| tried.insert(id.clone()))
            {
                self.disconnect(pair, &id)?;
            }
            if let Some((guest, on)) = guests.next() {
                self.switch(guest, on)?;
            }
        }
        self.operations.extend(self.client.end());
        Ok(self.operations)
    }

    fn disconnect(&mut self, pair: Pair, id: &str) -> Result<(), Failure> {
        let effects = Effect::of_disconnecting(pair, id);
        let answer = self.run(&["connection", "delete", id], deletion(id), effects, Recorded::Always)?;
        if answer == Answer::Done {
            for replica in 0..self.fleet.size() {
                self.client.decide(replica, pair, Kind::Logs)?;
                self.client.look_at(replica, id.to_owned(), pair.source)?;
            }
        }
        Ok(())
    }

    fn switch(&mut self, guest: usize, on: bool) -> Result<(), Failure> {
        let id = &self.world.guests[guest].id;
        let effects = vec![Effect { fact: Fact::Guest(guest), holds: on }];
        let verb = if on { "enable" } else { "disable" };
        let answer = self.run(&["org", verb, id], switch(id, on), effects, Recorded::UnlessItWasSo)?;
        if answer == Answer::Done {
            for replica in 0..self.fleet.size() {
                self.client.try_guest(replica, guest)?;
            }
        }
        Ok(())
    }

    /// Runs a command, and keeps what came of it.
    fn run(
        &mut self,
        arguments: &[&str],
        request: String,
        effects: Vec<Effect>,
        recorded: Recorded,
    ) -> Result<Answer, Failure> {
        let begin = self.world.now();
        let ended = self.fleet.run(arguments)?;
        let span = Span { begin, end: self.world.now() };
        let answer = match ended {
            Ended::Well(_) => Answer::Done,
            Ended::Refused => Answer::Refused,
            Ended::Unavailable => Answer::Unknown,
        };
        self.operations.push(Operation {
            client: self.client.number(),
            // As good as one more replica, which lives for one command.
            replica: Replica { number: self.fleet.size(), life: self.operations.len() },
            span,
            ask: Ask::Change { request, effects, recorded },
            at_least: None,
            answer: answer.clone(),
            revision: None,
        });
        Ok(answer)
    }
}
