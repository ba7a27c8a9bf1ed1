//! Clients who get into each other's way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::client::{Call, Connection, Keys, Reply};
use crate::fleet::Fleet;
use crate::world::{MadeKey, ROLE, World};
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
                0..22 => self.share(replica)?,
                22..32 => self.disconnect(replica)?,
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
                60..64 => self.look_at_one(replica)?,
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

    /// Has a pair share something else, by a new connection if there is none.
    fn share(&mut self, replica: usize) -> Result<(), Failure> {
        let pair = self.any_pair();
        let kinds = self.some_kinds();
        let known = self.world.known().connections.get(&pair).cloned();
        match known {
            Some(id) => self.update(replica, pair, &id, &kinds),
            None => self.create(replica, pair, &kinds),
        }
    }

    fn create(&mut self, replica: usize, pair: Pair, kinds: &[Kind]) -> Result<(), Failure> {
        let sink = &self.world.orgs[pair.sink].id;
        let body = json!({"data": {
            "type": "org_connection",
            "attributes": {"connection_types": names(kinds)},
            "relationships": {"sink_org": {"data": {"type": "orgs", "id": sink}}},
        }});
        let request = self.as_admin_of(pair.source, "POST", "/api/v2/org_connections".to_owned(), Some(body));
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        // What it does not share, nothing shared before: it takes nothing away.
        let mut effects: Vec<_> = kinds.iter().map(|kind| Effect::makes(Fact::Shares(pair, *kind))).collect();
        if let Some(id) = exchange.made_id() {
            effects.push(Effect::makes(Fact::Connection(id.to_owned())));
            self.world.known().connected(pair, id.to_owned());
        }
        self.changed(exchange, effects, Recorded::Always).map(drop)
    }

    fn update(&mut self, replica: usize, pair: Pair, id: &str, kinds: &[Kind]) -> Result<(), Failure> {
        let request = self.update_request(pair, id, &names(kinds));
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let effects = Effect::of_sharing(pair, kinds).collect();
        match self.changed(exchange, effects, Recorded::UnlessItWasSo)? {
            Answer::Done => {
                if let Some(lost) = Kind::ALL.into_iter().find(|kind| !kinds.contains(kind)) {
                    self.check_elsewhere(replica, |client, other| client.decide(other, pair, lost))?;
                }
            }
            Answer::Refused => self.world.known().disconnected(pair, id),
            _ => {}
        }
        Ok(())
    }

    fn update_request(&self, pair: Pair, id: &str, types: &[&str]) -> Request<'r> {
        let attributes = json!({"connection_types": types});
        let body = json!({"data": {"type": "org_connection", "id": id, "attributes": attributes}});
        self.as_admin_of(pair.source, "PATCH", format!("/api/v2/org_connections/{id}"), Some(body))
    }

    /// Either side removes a connection.
    fn disconnect(&mut self, replica: usize) -> Result<(), Failure> {
        let Some((pair, id)) = self.any_connection() else { return Ok(()) };
        let side = if self.random.bool() { pair.source } else { pair.sink };
        let request = self.as_admin_of(side, "DELETE", format!("/api/v2/org_connections/{id}"), None);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let gone = Fact::Connection(id.clone());
        let mut effects: Vec<_> = Effect::of_sharing(pair, &[]).collect();
        effects.push(Effect::ends(gone));
        let answer = self.changed(exchange, effects, Recorded::Always)?;
        if matches!(answer, Answer::Done | Answer::Refused) {
            self.world.known().disconnected(pair, &id);
            // Who is told that it is not there was told that it is gone.
            self.check_elsewhere(replica, |client, other| client.look_at(other, id, pair.source))?;
            self.check_elsewhere(replica, |client, other| client.decide(other, pair, Kind::Logs))?;
        }
        Ok(())
    }

    /// Asks for what no rule allows, so it must never show.
    fn ask_for_nonsense(&mut self, replica: usize) -> Result<(), Failure> {
        let Some((pair, id)) = self.any_connection() else { return Ok(()) };
        let request = self.update_request(pair, &id, &["audit", "audit"]);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let effects = Effect::of_sharing(pair, &[Kind::Audit]).collect();
        match self.changed(exchange, effects, Recorded::Always)? {
            Answer::Done => Err("types that are repeated were taken".into()),
            _ => Ok(()),
        }
    }

    fn make_key(&mut self, replica: usize) -> Result<(), Failure> {
        let org = self.random.usize(..self.world.orgs.len());
        let name = format!("key {}.{}", self.number, self.calls);
        let body = json!({"data": {"type": "application_keys", "attributes": {"name": name}}});
        let target = "/api/v2/current_user/application_keys".to_owned();
        let request = self.as_admin_of(org, "POST", target, Some(body));
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let made = exchange.made_id().zip(exchange.text("/data/attributes/key"));
        let made = made.map(|(id, secret)| MadeKey { id: id.to_owned(), secret: secret.to_owned(), org });
        // Of a key that nobody was told of, nobody can tell whether it works.
        let effects = made.iter().map(|key| Effect::makes(Fact::Key(key.id.clone()))).collect();
        self.changed(exchange, effects, Recorded::Always)?;
        self.world.known().keys.extend(made);
        Ok(())
    }

    fn revoke_key(&mut self, replica: usize) -> Result<(), Failure> {
        let Some(key) = self.any_key() else { return Ok(()) };
        let target = format!("/api/v2/current_user/application_keys/{}", key.id);
        let request = self.as_admin_of(key.org, "DELETE", target, None);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let effects = vec![Effect::ends(Fact::Key(key.id.clone()))];
        if matches!(self.changed(exchange, effects, Recorded::Always)?, Answer::Done | Answer::Refused) {
            self.check_elsewhere(replica, |client, other| client.try_key(other, &key))?;
        }
        Ok(())
    }

    fn use_key(&mut self, replica: usize) -> Result<(), Failure> {
        self.any_key().map_or(Ok(()), |key| self.try_key(replica, &key))
    }

    fn try_key(&mut self, replica: usize, key: &MadeKey) -> Result<(), Failure> {
        let api_key = self.world.orgs[key.org].keys.api_key.clone();
        let keys = Keys { api_key, application_key: key.secret.clone() };
        let request =
            Request { keys: &keys, method: "GET", target: "/api/v2/current_user".to_owned(), body: None };
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let works = match exchange.status() {
            Some(200) => true,
            Some(401) => false,
            _ => return self.saw_nothing(&exchange),
        };
        self.saw(&exchange, vec![Fact::Key(key.id.clone())], vec![works], exchange.revision());
        Ok(())
    }

    /// Switches the user of an org on or off.
    fn switch_user(&mut self, replica: usize) -> Result<(), Failure> {
        let (org, on) = (self.any_pair().source, self.random.bool());
        let user = &self.world.orgs[org].user;
        let target = format!("/api/v2/users/{user}");
        let body = json!({"data": {"type": "users", "id": user, "attributes": {"disabled": !on}}});
        let request = self.as_admin_of(org, "PATCH", target, Some(body));
        self.change_user(replica, org, request, Effect { fact: Fact::User(org), holds: on })
    }

    fn give_or_take_role(&mut self, replica: usize) -> Result<(), Failure> {
        let (org, give) = (self.any_pair().source, self.random.bool());
        let body = json!({"data": {"type": "users", "id": self.world.orgs[org].user}});
        let method = if give { "POST" } else { "DELETE" };
        let request = self.as_admin_of(org, method, format!("/api/v2/roles/{ROLE}/users"), Some(body));
        self.change_user(replica, org, request, Effect { fact: Fact::Role(org), holds: give })
    }

    fn change_user(
        &mut self,
        replica: usize,
        org: usize,
        request: Request<'_>,
        effect: Effect,
    ) -> Result<(), Failure> {
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let takes_away = !effect.holds;
        let answer = self.changed(exchange, vec![effect], Recorded::UnlessItWasSo)?;
        if takes_away && answer == Answer::Done {
            self.check_elsewhere(replica, |client, other| client.try_user(other, org))?;
        }
        Ok(())
    }

    /// Has the user of an org ask for what the role allows.
    fn try_user(&mut self, replica: usize, org: usize) -> Result<(), Failure> {
        let keys = &self.world.orgs[org].keys_of_user;
        let target = "/api/v2/org_connections?limit=1".to_owned();
        let Some(exchange) = self.exchange(replica, Request { keys, method: "GET", target, body: None })
        else {
            return Ok(());
        };
        let (facts, values) = match exchange.status() {
            Some(200) => (vec![Fact::User(org), Fact::Role(org)], vec![true, true]),
            Some(403) => (vec![Fact::User(org), Fact::Role(org)], vec![true, false]),
            // Of somebody who is switched off, nobody learns what they might do.
            Some(401) => (vec![Fact::User(org)], vec![false]),
            _ => return self.saw_nothing(&exchange),
        };
        self.saw(&exchange, facts, values, exchange.revision());
        Ok(())
    }

    /// Asks for a decision, as an admin of either side.
    pub(crate) fn decide(&mut self, replica: usize, pair: Pair, kind: Kind) -> Result<(), Failure> {
        let (source, sink) = (&self.world.orgs[pair.source].id, &self.world.orgs[pair.sink].id);
        let body = json!({
            "subject": {"type": "org", "id": sink},
            "action": {"name": "read"},
            "resource": {"type": kind.name(), "id": source},
        });
        let side = if self.random.bool() { pair.source } else { pair.sink };
        let request = self.as_admin_of(side, "POST", "/access/v1/evaluation".to_owned(), Some(body));
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        if exchange.status() != Some(200) {
            return self.saw_nothing(&exchange);
        }
        let decision = exchange.at("/decision").and_then(Value::as_bool).ok_or("no decision")?;
        let revision = exchange.at("/context/revision").and_then(Value::as_u64).ok_or("no revision")?;
        self.saw(&exchange, vec![Fact::Shares(pair, kind)], vec![decision], Some(revision));
        Ok(())
    }

    /// Lists the connections of which `source` is the source.
    fn look_at_all(&mut self, replica: usize, source: usize) -> Result<(), Failure> {
        let target = format!("/api/v2/org_connections?source_org_id={}", self.world.orgs[source].id);
        let request = self.as_admin_of(source, "GET", target, None);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        if exchange.status() != Some(200) {
            return self.saw_nothing(&exchange);
        }
        let list = exchange.at("/data").and_then(Value::as_array).ok_or("no list")?;
        let mut shown: HashMap<Pair, Vec<&str>> = HashMap::new();
        for connection in list {
            let org = |side| connection.pointer(&format!("/relationships/{side}_org/data/id"))?.as_str();
            let pair =
                org("source").zip(org("sink")).and_then(|(source, sink)| self.world.pair_of(source, sink));
            let types = connection.pointer("/attributes/connection_types").and_then(Value::as_array);
            let (pair, types) = pair.zip(types).ok_or("a connection without orgs or types")?;
            shown.insert(pair, types.iter().filter_map(Value::as_str).collect());
        }
        let of_source = World::pairs().filter(|pair| pair.source == source);
        let facts = of_source.flat_map(|pair| Kind::ALL.map(|kind| (pair, kind)));
        let (facts, values) = facts
            .map(|(pair, kind)| {
                let is_shown = shown.get(&pair).is_some_and(|types| types.contains(&kind.name()));
                (Fact::Shares(pair, kind), is_shown)
            })
            .unzip();
        self.saw(&exchange, facts, values, exchange.revision());
        Ok(())
    }

    fn look_at_one(&mut self, replica: usize) -> Result<(), Failure> {
        let latest = self.world.known().latest.clone();
        match self.random.choice(latest) {
            Some((id, source)) => self.look_at(replica, id, source),
            None => Ok(()),
        }
    }

    pub(crate) fn look_at(&mut self, replica: usize, id: String, source: usize) -> Result<(), Failure> {
        let request = self.as_admin_of(source, "GET", format!("/api/v2/org_connections/{id}"), None);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let is_there = match exchange.status() {
            Some(200) => true,
            Some(404) => false,
            _ => return self.saw_nothing(&exchange),
        };
        self.saw(&exchange, vec![Fact::Connection(id)], vec![is_there], exchange.revision());
        Ok(())
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

fn names(kinds: &[Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name()).collect()
}
