//! Clients who get into each other's way.

mod changes;
mod looks;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use crate::client::{Call, Connection, Keys, Reply};
use crate::fleet::Fleet;
use crate::world::{MadeKey, World};
use crate::{Answer, Ask, Effect, Fact, Failure, Kind, Operation, Pair, Recorded, Replica, Span};

/// How long a client waits before it tries somebody else, where nobody listens.
const NOBODY_THERE: Duration = Duration::from_millis(20);

/// One of so many calls asks for an answer that knows everything that its client does.
const ASKS_FOR_A_REVISION: u8 = 8;

/// How long a client may think before a call, in milliseconds.
const THOUGHT: u64 = 4;

/// Somebody who calls, one call after the other.
pub(crate) struct Client<'r> {
    number: usize,
    world: &'r World,
    fleet: &'r Fleet<'r>,
    random: Rng,
    connections: HashMap<usize, (Replica, Connection)>,
    calls: usize,
    /// The latest revision that an answer has told of.
    knows: Option<u64>,
    operations: Vec<Operation>,
}

/// A call that was made.
struct Exchange {
    replica: Replica,
    span: Span,
    request: String,
    at_least: Option<u64>,
    reply: Option<Reply>,
}

/// What is sent, and by whom.
struct Request<'q> {
    keys: &'q Keys,
    method: &'static str,
    target: String,
    body: Option<Value>,
}

impl<'r> Client<'r> {
    pub(crate) fn new(number: usize, world: &'r World, fleet: &'r Fleet<'r>, random: Rng) -> Self {
        let (connections, operations) = (HashMap::new(), Vec::new());
        Self { number, world, fleet, random, connections, calls: 0, knows: None, operations }
    }

    /// Calls until it is to stop.
    ///
    /// # Errors
    /// If an answer is none that this call may get, whatever goes wrong.
    pub(crate) fn work(mut self, stop: &AtomicBool) -> Result<Vec<Operation>, Failure> {
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(self.random.u64(..THOUGHT)));
            let replica = self.random.usize(..self.fleet.size());
            match self.random.u32(..100) {
                0..20 => self.share(replica)?,
                20..26 => self.tighten_or_loosen(replica)?,
                26..32 => self.disconnect(replica)?,
                32..35 => self.ask_for_nonsense(replica)?,
                35..38 => self.make_key(replica)?,
                38..41 => self.revoke_key(replica)?,
                41..45 => self.use_key(replica)?,
                45..48 => self.switch_user(replica)?,
                48..51 => self.give_or_take_role(replica)?,
                51..55 => {
                    let org = self.any_pair().source;
                    self.try_user(replica, org)?;
                }
                55..60 => {
                    let source = self.any_pair().source;
                    self.look_at_all(replica, source)?;
                }
                60..63 => self.look_at_one(replica)?,
                63..66 => self.look_at_one_as_user(replica)?,
                66..70 => {
                    let guest = self.random.usize(..self.world.guests.len());
                    self.try_guest(replica, guest)?;
                }
                _ => {
                    let (pair, kind) = (self.any_pair(), self.some_kinds()[0]);
                    self.decide(replica, pair, kind)?;
                }
            }
        }
        Ok(self.operations)
    }

    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// What they have asked.
    pub(crate) fn end(self) -> Vec<Operation> {
        self.operations
    }

    /// Looks at everything that there may be, at one replica.
    ///
    /// # Errors
    /// As [`Self::work`].
    pub(crate) fn look_around(mut self, replica: usize) -> Result<Vec<Operation>, Failure> {
        for org in 0..self.world.orgs.len() {
            self.look_at_all(replica, org)?;
            self.try_user(replica, org)?;
        }
        for guest in 0..self.world.guests.len() {
            self.try_guest(replica, guest)?;
        }
        for pair in World::pairs() {
            for kind in Kind::ALL {
                self.decide(replica, pair, kind)?;
            }
        }
        for key in self.world.known().keys.clone() {
            self.try_key(replica, &key)?;
        }
        Ok(self.operations)
    }

    /// Whether a replica knows what is so.
    pub(crate) fn is_answered(fleet: &'r Fleet<'r>, world: &'r World, replica: usize) -> bool {
        let mut client = Self::new(usize::MAX, world, fleet, Rng::with_seed(0));
        let request = client.as_admin_of(0, "GET", "/api/v2/org_connections".to_owned(), None);
        client.exchange(replica, request).and_then(|exchange| exchange.status()) == Some(200)
    }

    /// Looks at another replica at once, as a rule.
    fn check_elsewhere(
        &mut self,
        replica: usize,
        look: impl FnOnce(&mut Self, usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.random.u8(..4) == 0 {
            return Ok(());
        }
        let size = self.fleet.size();
        // The next one, or one of those behind it; the same where there is no other.
        let other = replica + 1 + self.random.usize(..(size - 1).max(1));
        look(self, other % size)
    }

    fn any_pair(&mut self) -> Pair {
        let orgs = self.world.orgs.len();
        let source = self.random.usize(..orgs);
        Pair { source, sink: (source + self.random.usize(1..orgs)) % orgs }
    }

    /// At least one.
    fn some_kinds(&mut self) -> Vec<Kind> {
        let mut kinds = Kind::ALL.to_vec();
        self.random.shuffle(&mut kinds);
        kinds.truncate(self.random.usize(1..=Kind::ALL.len()));
        kinds
    }

    pub(crate) fn any_connection(&mut self) -> Option<(Pair, String)> {
        let known = self.world.known().connections.clone();
        self.random.choice(known)
    }

    /// One of the latest connections with its source, whether it is still there or not.
    fn any_latest(&mut self) -> Option<(String, usize)> {
        let latest = self.world.known().latest.clone();
        self.random.choice(latest)
    }

    fn any_key(&mut self) -> Option<MadeKey> {
        let known = self.world.known().keys.clone();
        self.random.choice(known)
    }

    fn as_admin_of(
        &self,
        org: usize,
        method: &'static str,
        target: String,
        body: Option<Value>,
    ) -> Request<'r> {
        Request { keys: &self.world.orgs[org].keys, method, target, body }
    }

    /// Makes a call; `None` if nobody was there, so that nothing was said.
    fn exchange(&mut self, number: usize, request: Request<'_>) -> Option<Exchange> {
        let Some((replica, address)) = self.fleet.find(number) else {
            thread::sleep(NOBODY_THERE);
            return None;
        };
        let kept = self.connections.remove(&number).filter(|(known, _)| *known == replica);
        let connection = kept.map(|(_, connection)| connection).or_else(|| Connection::open(address).ok());
        let Some(mut connection) = connection else {
            thread::sleep(NOBODY_THERE);
            return None;
        };
        self.calls += 1;
        let name = format!("call-{}-{}", self.number, self.calls);
        let Request { keys, method, target, body } = request;
        let begin = self.world.now();
        let at_least = self.knows.filter(|_| self.random.u8(..ASKS_FOR_A_REVISION) == 0);
        let call = Call { keys, request_id: &name, method, target: &target, body, at_least };
        let reply = connection.call(&call).ok();
        let span = Span { begin, end: self.world.now() };
        self.knows = self.knows.max(reply.as_ref().and_then(|reply| reply.revision));
        if reply.is_some() {
            self.connections.insert(number, (replica, connection));
        }
        Some(Exchange { replica, span, request: name, at_least, reply })
    }

    /// Keeps what came of a call that is to change something, and says it.
    fn changed(
        &mut self,
        exchange: Exchange,
        effects: Vec<Effect>,
        recorded: Recorded,
    ) -> Result<Answer, Failure> {
        let answer = match exchange.status() {
            Some(200 | 201 | 204) => Answer::Done,
            Some(400 | 404 | 409) => Answer::Refused,
            None | Some(503) => Answer::Unknown,
            Some(_) => return Err(exchange.is_wrong()),
        };
        let revision = exchange.revision();
        let Exchange { replica, span, request, at_least, .. } = exchange;
        let (client, ask) = (self.number, Ask::Change { request, effects, recorded });
        let operation = Operation { client, replica, span, ask, at_least, answer, revision };
        let answer = operation.answer.clone();
        self.operations.push(operation);
        Ok(answer)
    }

    /// Keeps that there was no answer, or one that says that the replica can't know. Any other is wrong here.
    fn saw_nothing(&mut self, exchange: &Exchange) -> Result<(), Failure> {
        if !matches!(exchange.status(), None | Some(503)) {
            return Err(exchange.is_wrong());
        }
        let &Exchange { replica, span, at_least, .. } = exchange;
        let (client, ask, answer) = (self.number, Ask::Look(vec![]), Answer::Unknown);
        self.operations.push(Operation { client, replica, span, ask, at_least, answer, revision: None });
        Ok(())
    }

    /// Keeps what was seen.
    fn saw(&mut self, exchange: &Exchange, facts: Vec<Fact>, values: Vec<bool>, revision: Option<u64>) {
        let &Exchange { replica, span, at_least, .. } = exchange;
        let (client, ask, answer) = (self.number, Ask::Look(facts), Answer::Seen(values));
        self.operations.push(Operation { client, replica, span, ask, at_least, answer, revision });
    }
}

impl Exchange {
    fn status(&self) -> Option<u16> {
        self.reply.as_ref().map(|reply| reply.status)
    }

    fn revision(&self) -> Option<u64> {
        self.reply.as_ref()?.revision
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.reply.as_ref()?.body.pointer(pointer)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer)?.as_str()
    }

    /// The id of what was made, if the answer tells of it.
    fn made_id(&self) -> Option<&str> {
        matches!(self.status(), Some(200 | 201)).then(|| self.text("/data/id"))?
    }

    /// The answer is none that this call may get.
    fn is_wrong(&self) -> Failure {
        format!("{} answered {:?} to {}", self.replica, self.reply, self.request).into()
    }
}
