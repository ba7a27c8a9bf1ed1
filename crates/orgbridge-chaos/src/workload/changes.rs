//! Calls that are to change something.

use serde_json::json;

use super::{Client, Request};
use crate::world::{ADMIN, MadeKey, ROLE};
use crate::{Answer, Effect, Fact, Failure, Kind, Pair, Recorded};

impl<'r> Client<'r> {
    /// Has a pair share something else, by a new connection if there is none.
    pub(super) fn share(&mut self, replica: usize) -> Result<(), Failure> {
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
            effects.push(Effect::makes(Fact::Open(id.to_owned())));
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
    pub(super) fn disconnect(&mut self, replica: usize) -> Result<(), Failure> {
        let Some((pair, id)) = self.any_connection() else { return Ok(()) };
        let side = if self.random.bool() { pair.source } else { pair.sink };
        let request = self.as_admin_of(side, "DELETE", format!("/api/v2/org_connections/{id}"), None);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let answer = self.changed(exchange, Effect::of_disconnecting(pair, &id), Recorded::Always)?;
        if matches!(answer, Answer::Done | Answer::Refused) {
            self.world.known().disconnected(pair, &id);
            // Who is told that it is not there was told that it is gone.
            self.check_elsewhere(replica, |client, other| client.look_at(other, id, pair.source))?;
            self.check_elsewhere(replica, |client, other| client.decide(other, pair, Kind::Logs))?;
        }
        Ok(())
    }

    /// Has the source of a connection let only its admins see it, or others too.
    pub(super) fn tighten_or_loosen(&mut self, replica: usize) -> Result<(), Failure> {
        let Some((pair, id)) = self.any_connection() else { return Ok(()) };
        let (loosen, unbound) = (self.random.bool(), self.random.bool());
        let target = format!("/api/v2/restriction_policy/cross-org-connection:{id}");
        let request = if loosen && unbound {
            self.as_admin_of(pair.source, "DELETE", target, None)
        } else {
            let admins = json!({"relation": "editor", "principals": [format!("role:{ADMIN}")]});
            let everybody = format!("org:{}", self.world.orgs[pair.source].id);
            let everybody = json!({"relation": "viewer", "principals": [everybody]});
            let bindings = if loosen { json!([admins, everybody]) } else { json!([admins]) };
            let body = json!({"data": {
                "type": "restriction_policy",
                "id": format!("cross-org-connection:{id}"),
                "attributes": {"bindings": bindings},
            }});
            self.as_admin_of(pair.source, "POST", target, Some(body))
        };
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let effects = vec![Effect { fact: Fact::Open(id.clone()), holds: loosen }];
        match self.changed(exchange, effects, Recorded::UnlessItWasSo)? {
            Answer::Done if !loosen => {
                self.check_elsewhere(replica, |client, other| {
                    client.look_at_as_user(other, id, pair.source)
                })?;
            }
            Answer::Refused => self.world.known().disconnected(pair, &id),
            _ => {}
        }
        Ok(())
    }

    /// Asks for what no rule allows, so it must never show.
    pub(super) fn ask_for_nonsense(&mut self, replica: usize) -> Result<(), Failure> {
        let Some((pair, id)) = self.any_connection() else { return Ok(()) };
        let request = self.update_request(pair, &id, &["audit", "audit"]);
        let Some(exchange) = self.exchange(replica, request) else { return Ok(()) };
        let effects = Effect::of_sharing(pair, &[Kind::Audit]).collect();
        match self.changed(exchange, effects, Recorded::Always)? {
            Answer::Done => Err("types that are repeated were taken".into()),
            _ => Ok(()),
        }
    }

    pub(super) fn make_key(&mut self, replica: usize) -> Result<(), Failure> {
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

    pub(super) fn revoke_key(&mut self, replica: usize) -> Result<(), Failure> {
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

    /// Switches the user of an org on or off.
    pub(super) fn switch_user(&mut self, replica: usize) -> Result<(), Failure> {
        let (org, on) = (self.any_pair().source, self.random.bool());
        let user = &self.world.orgs[org].user;
        let target = format!("/api/v2/users/{user}");
        let body = json!({"data": {"type": "users", "id": user, "attributes": {"disabled": !on}}});
        let request = self.as_admin_of(org, "PATCH", target, Some(body));
        self.change_user(replica, org, request, Effect { fact: Fact::User(org), holds: on })
    }

    pub(super) fn give_or_take_role(&mut self, replica: usize) -> Result<(), Failure> {
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
}

fn names(kinds: &[Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name()).collect()
}
