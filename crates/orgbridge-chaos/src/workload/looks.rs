//! Calls that see what is so.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Client, Request};
use crate::client::Keys;
use crate::world::{MadeKey, World};
use crate::{Fact, Failure, Kind, Pair};

impl Client<'_> {
    pub(super) fn use_key(&mut self, replica: usize) -> Result<(), Failure> {
        self.any_key().map_or(Ok(()), |key| self.try_key(replica, &key))
    }

    pub(super) fn try_key(&mut self, replica: usize, key: &MadeKey) -> Result<(), Failure> {
        let api_key = self.world.orgs[key.org].keys.api_key.clone();
        let keys = Keys { api_key, application_key: key.secret.clone() };
        let request =
            Request { keys: &keys, method: "GET", target: "/api/v2/current_user".to_owned(), body: None };
        self.see_whether(replica, request, Fact::Key(key.id.clone()), 401)
    }

    /// Has the user of an org ask for what the role allows.
    pub(super) fn try_user(&mut self, replica: usize, org: usize) -> Result<(), Failure> {
        self.look_as_user_of(org, replica, "/api/v2/org_connections?limit=1".to_owned(), None)
    }

    /// Asks for a decision, as an admin of either side.
    pub(crate) fn decide(&mut self, replica: usize, pair: Pair, kind: Kind) -> Result<(), Failure> {
        let (source, sink) = (&self.world.orgs[pair.source].id, &self.world.orgs[pair.sink].id);
        let side = if self.random.bool() { pair.source } else { pair.sink };
        self.ask(replica, side, question(source, sink, kind), Fact::Shares(pair, kind))
    }

    /// Asks for a decision as an admin of `org`. It is yes if `fact` is so.
    fn ask(&mut self, replica: usize, org: usize, question: Value, fact: Fact) -> Result<(), Failure> {
        let request = self.as_admin_of(org, "POST", "/access/v1/evaluation".to_owned(), Some(question));
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        if exchange.status() != Some(200) {
            return self.saw_nothing(&exchange);
        }
        let decision = exchange.at("/decision").and_then(Value::as_bool).ok_or("no decision")?;
        let revision = exchange.at("/context/revision").and_then(Value::as_u64).ok_or("no revision")?;
        self.saw(&exchange, vec![fact], vec![decision], Some(revision));
        Ok(())
    }

    /// Lists the connections of which `source` is the source.
    pub(super) fn look_at_all(&mut self, replica: usize, source: usize) -> Result<(), Failure> {
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

    pub(super) fn look_at_one(&mut self, replica: usize) -> Result<(), Failure> {
        self.any_latest().map_or(Ok(()), |(id, source)| self.look_at(replica, id, source))
    }

    pub(crate) fn look_at(&mut self, replica: usize, id: String, source: usize) -> Result<(), Failure> {
        let request = self.as_admin_of(source, "GET", format!("/api/v2/org_connections/{id}"), None);
        self.see_whether(replica, request, Fact::Connection(id), 404)
    }

    pub(super) fn look_at_one_as_user(&mut self, replica: usize) -> Result<(), Failure> {
        self.any_latest().map_or(Ok(()), |(id, source)| self.look_at_as_user(replica, id, source))
    }

    /// Has the user of the source look at a connection, whom a policy may keep it from.
    pub(super) fn look_at_as_user(
        &mut self,
        replica: usize,
        id: String,
        source: usize,
    ) -> Result<(), Failure> {
        let target = format!("/api/v2/org_connections/{id}");
        self.look_as_user_of(source, replica, target, Some(Fact::Open(id)))
    }

    /// Has the user of an org look at something, which is there as long as `there` is so.
    fn look_as_user_of(
        &mut self,
        org: usize,
        replica: usize,
        target: String,
        there: Option<Fact>,
    ) -> Result<(), Failure> {
        let keys = &self.world.orgs[org].keys_of_user;
        let Some(exchange) = self.exchange(replica, Request { keys, method: "GET", target, body: None })
        else {
            return Ok(());
        };
        let (user, role) = (Fact::User(org), Fact::Role(org));
        let seen = match (exchange.status(), there) {
            (Some(200), Some(there)) => vec![(user, true), (role, true), (there, true)],
            (Some(200), None) => vec![(user, true), (role, true)],
            (Some(404), Some(there)) => vec![(user, true), (role, true), (there, false)],
            (Some(403), _) => vec![(user, true), (role, false)],
            // Of somebody who is switched off, nobody learns what they might do.
            (Some(401), _) => vec![(user, false)],
            _ => return self.saw_nothing(&exchange),
        };
        let (facts, values) = seen.into_iter().unzip();
        self.saw(&exchange, facts, values, exchange.revision());
        Ok(())
    }

    /// Sees whether a guest is switched on: whether it authenticates, or whether what it shares may be read.
    pub(crate) fn try_guest(&mut self, replica: usize, guest: usize) -> Result<(), Failure> {
        if self.random.bool() {
            self.try_key_of_guest(replica, guest)
        } else {
            self.decide_about_guest(replica, guest)
        }
    }

    fn try_key_of_guest(&mut self, replica: usize, guest: usize) -> Result<(), Failure> {
        let (keys, target) = (&self.world.guests[guest].keys, "/api/v2/current_user".to_owned());
        let request = Request { keys, method: "GET", target, body: None };
        self.see_whether(replica, request, Fact::Guest(guest), 401)
    }

    fn decide_about_guest(&mut self, replica: usize, guest: usize) -> Result<(), Failure> {
        let (source, sink) = (&self.world.guests[guest].id, &self.world.orgs[0].id);
        self.ask(replica, 0, question(source, sink, Kind::Logs), Fact::Guest(guest))
    }

    /// Makes a call that is answered with 200 if `fact` is so, and with the status `otherwise` if not.
    fn see_whether(
        &mut self,
        replica: usize,
        request: Request<'_>,
        fact: Fact,
        otherwise: u16,
    ) -> Result<(), Failure> {
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let is_so = match exchange.status() {
            Some(200) => true,
            Some(status) if status == otherwise => false,
            _ => return self.saw_nothing(&exchange),
        };
        self.saw(&exchange, vec![fact], vec![is_so], exchange.revision());
        Ok(())
    }
}

/// Whether `sink` may read what `source` owns of this type.
fn question(source: &str, sink: &str, kind: Kind) -> Value {
    json!({
        "subject": {"type": "org", "id": sink},
        "action": {"name": "read"},
        "resource": {"type": kind.name(), "id": source},
    })
}
