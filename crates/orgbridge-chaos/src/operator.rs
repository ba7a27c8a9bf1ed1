//! The operator, who works on the command line beside the replicas.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::fleet::{Ended, Fleet};
use crate::workload::Client;
use crate::world::World;
use crate::{Answer, Ask, Effect, Fact, Failure, Kind, Operation, Recorded, Replica, Span};

/// How long the operator does other things between two commands: each is a process that reads the whole ledger.
const PAUSE: Duration = Duration::from_millis(400);

/// What stands for the name of the request by which the operator deletes a connection: commands choose names by chance.
pub(crate) fn request(connection: &str) -> String {
    format!("operator-{connection}")
}

/// Deletes a connection now and then, and sees whether it is gone.
///
/// # Errors
/// As [`Client::work`].
pub(crate) fn work(
    mut client: Client<'_>,
    world: &World,
    fleet: &Fleet<'_>,
    stop: &AtomicBool,
) -> Result<Vec<Operation>, Failure> {
    let mut operations = Vec::new();
    let mut tried = HashSet::new();
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(PAUSE);
        // A second command for the same one could not be told from the first.
        let Some((pair, id)) = client.any_connection().filter(|(_, id)| tried.insert(id.clone())) else {
            continue;
        };
        let begin = world.now();
        let ended = fleet.run(&["connection", "delete", &id])?;
        let span = Span { begin, end: world.now() };
        let answer = match ended {
            Ended::Well(_) => Answer::Done,
            Ended::Refused => Answer::Refused,
            Ended::Unavailable => Answer::Unknown,
        };
        let effects = Effect::of_sharing(pair, &[]).chain([Effect::ends(Fact::Connection(id.clone()))]);
        let ask =
            Ask::Change { request: request(&id), effects: effects.collect(), recorded: Recorded::Always };
        operations.push(Operation {
            client: client.number(),
            // As good as one more replica, which lives for one command.
            replica: Replica { number: fleet.size(), life: operations.len() },
            span,
            ask,
            at_least: None,
            answer: answer.clone(),
            revision: None,
        });
        if answer == Answer::Done {
            for replica in 0..fleet.size() {
                client.decide(replica, pair, Kind::Logs)?;
                client.look_at(replica, id.clone(), pair.source)?;
            }
        }
    }
    operations.extend(client.end());
    Ok(operations)
}
