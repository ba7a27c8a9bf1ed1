//! Whether what is kept is what the model keeps, as far as anybody can see.

use orgbridge_domain::org_connection::{self, Filter};
use orgbridge_domain::restriction_policy;
use orgbridge_domain::{ConnectionType, CrossSite, OrgConnection, Page, State, Timestamp};

use crate::command::bindings;
use crate::world::{ORGS, Persona, connection_id, org_id, session_of, user_id};
use crate::{Model, NUMBERS, Outcome};

/// Fails unless everybody sees and may use the same in both, in lists narrowed by `filter` and cut by `page`, too.
pub fn assert_same(state: &State, now: Timestamp, model: &Model, filter: Filter, page: Page) {
    assert_eq!(state.connection_count(), model.connections.len());
    assert_eq!(state.restriction_policies().count(), model.policies.len());
    for source in 0..ORGS {
        for sink in 0..ORGS {
            check_who_reads(state, model, source, sink);
            check_decisions(state, model, source, sink);
        }
    }
    for org in (0..ORGS).filter(|org| !model.disabled.contains(org)) {
        for persona in Persona::ALL.into_iter().filter(|persona| persona.may_read()) {
            check_what_is_said(state, now, model, org, persona);
            let session = session_of(state, now, org, persona);
            let grant = session.authorize().unwrap();
            for page in [Page { offset: 0, limit: 1000 }, page] {
                let listing = org_connection::list(&grant, filter, page);
                let connections: Vec<_> =
                    listing.items.iter().map(|connection| OrgConnection::clone(connection)).collect();
                assert_eq!(
                    (connections, listing.total, listing.total_filtered),
                    model.list((org, persona), filter, page)
                );
            }
        }
    }
}

/// Which org may use what of which other, whoever of it asks.
fn check_decisions(state: &State, model: &Model, source: u8, sink: u8) {
    for wanted in ConnectionType::ALL {
        for cross_site in [CrossSite::Refused, CrossSite::Allowed] {
            let decided = org_connection::decide(state, org_id(sink), org_id(source), wanted, cross_site);
            assert_eq!(decided.is_some(), model.decide(sink, source, wanted, cross_site));
        }
    }
}

/// Whom the sink lets use what it is shown, and nobody else.
fn check_who_reads(state: &State, model: &Model, source: u8, sink: u8) {
    for persona in Persona::ALL {
        let (user, source_id) = (user_id(sink, persona), org_id(source));
        for wanted in ConnectionType::ALL {
            let decided = org_connection::decide_for(state, user, source_id, wanted, CrossSite::Allowed);
            let connected = state.connection_between(source_id, org_id(sink));
            let number = connected.and_then(|by| (0..NUMBERS).find(|number| connection_id(*number) == by.id));
            let is_let = number.is_some_and(|number| model.uses(sink, persona, number));
            assert_eq!(decided.is_some(), is_let && model.decide(sink, source, wanted, CrossSite::Allowed));
        }
    }
}

/// What an org says is what those read who may know of the connection.
fn check_what_is_said(state: &State, now: Timestamp, model: &Model, org: u8, persona: Persona) {
    let session = session_of(state, now, org, persona);
    let grant = session.authorize().unwrap();
    for number in 0..NUMBERS {
        let real = restriction_policy::read(&grant, connection_id(number))
            .map(|policy| policy.map(|policy| policy.bindings.clone()).unwrap_or_default())
            .map_err(Outcome::from);
        let said = model.policy(org, number).map(|policy| bindings(&policy.bindings)).unwrap_or_default();
        let expected = model.known(org, persona, number).map(|_| said);
        assert_eq!(real, expected);
    }
}
