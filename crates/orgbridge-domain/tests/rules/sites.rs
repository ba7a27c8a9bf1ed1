//! What keeps sites apart.

use orgbridge_domain::org::{self, NewOrg};
use orgbridge_domain::org_connection::{self, Filter, Limits, NewOrgConnection};
use orgbridge_domain::right::{OrgConnectionsRead, OrgManagement};
use orgbridge_domain::{
    ConnectionType, CrossSite, Name, NotAuthenticated, Org, OrgId, Page, Principal, Refusal, Session,
    SiteScope, authenticate_api_key,
};

use crate::world::Persona::{Admin, ReadOnly};
use crate::world::{OVERSEAS, World, api_secret, connection_id, id, org_id, site, types, user_id};

const EVERYTHING: Page = Page { offset: 0, limit: 1000 };

/// Org 0 shares logs with the org overseas, by connection 1.
fn with_a_crossing_connection() -> World {
    let mut world = World::new();
    let across = (0, Admin, 1, org_id(OVERSEAS));
    world.connect_where(CrossSite::Allowed, across, types("logs")).unwrap();
    world
}

fn decide(world: &World, sink: u8, source: u8, cross_site: CrossSite) -> bool {
    let logs = ConnectionType::Logs;
    org_connection::decide(&world.state, org_id(sink), org_id(source), logs, cross_site).is_some()
}

#[test]
fn keys_are_known_on_the_site_of_their_org_alone() {
    let world = World::new();
    for org in [0, OVERSEAS] {
        for asked in [0, OVERSEAS] {
            let scope = SiteScope::Only(site(asked));
            let known = org == asked;
            let api_key = authenticate_api_key(&world.state, &api_secret(org).digest(), scope);
            assert_eq!(api_key.is_ok(), known, "org {org} at the site of org {asked}");
            assert_eq!(world.principal_at(scope, org, Admin).is_ok(), known, "org {org} at {asked}");
        }
        assert!(world.principal_at(SiteScope::Any, org, Admin).is_ok());
    }
    let elsewhere = SiteScope::Only("elsewhere.example".parse().unwrap());
    assert_eq!(world.principal_at(elsewhere, 0, Admin), Err(NotAuthenticated::ApiKey));
}

/// A principal outlives the state that it was found in; another state under it may hold another history.
#[test]
fn a_principal_that_was_let_in_on_one_site_has_no_rights_in_an_org_that_is_on_another() {
    let mut world = World::new();
    let stale = world.principal_at(SiteScope::Only(site(0)), 0, Admin).unwrap();
    let authorize = |world: &World| {
        Session::new(&world.state, stale, world.now()).authorize::<OrgConnectionsRead>().err()
    };
    assert_eq!(authorize(&world), None);

    let org = Org::clone(world.state.org(org_id(0)).unwrap());
    world.state.put(Org { site: site(OVERSEAS), ..org });

    assert_eq!(authorize(&world), Some(Refusal::Unauthorized(NotAuthenticated::ApiKey)));
    assert!(Session::new(&world.state, stale, world.now()).whoami().is_err());
}

#[test]
fn a_sink_on_another_site_is_as_unknown_as_one_that_is_not_there() {
    let mut world = World::new();
    let absent = world.connect(0, Admin, 1, id(0xdead), types("logs")).unwrap_err();
    assert_eq!(world.connect(0, Admin, 1, org_id(OVERSEAS), types("logs")), Err(absent.clone()));
    assert_eq!(world.connect(OVERSEAS, Admin, 1, org_id(0), types("logs")), Err(absent));
}

#[test]
fn an_operator_is_told_why_a_sink_is_out_of_reach() {
    let mut world = World::new();
    let now = world.tick();
    let session = Session::new(&world.state, Principal::Operator, world.now());
    let new = NewOrgConnection {
        id: connection_id(1),
        sink: org_id(OVERSEAS),
        types: types("logs"),
        created_by: user_id(0, Admin),
    };
    let grant = session.authorize_in(org_id(0)).unwrap();
    let refused = org_connection::create(&grant, new, Limits::default(), now).unwrap_err();
    assert_eq!(refused.to_string(), "the source lives on datadoghq.com and the sink on datadoghq.eu");
    assert_eq!(refused.details(), ["connections cross sites only where policy.cross_site_connections is on"]);
}

#[test]
fn a_connection_that_crosses_grants_only_while_the_operator_allows_it() {
    let mut world = with_a_crossing_connection();
    world.connect(0, Admin, 2, org_id(1), types("logs")).unwrap();
    assert!(decide(&world, OVERSEAS, 0, CrossSite::Allowed));
    assert!(!decide(&world, OVERSEAS, 0, CrossSite::Refused));
    assert!(!decide(&world, 0, OVERSEAS, CrossSite::Allowed));
    for cross_site in [CrossSite::Refused, CrossSite::Allowed] {
        assert!(decide(&world, 1, 0, cross_site), "within a site");
    }

    world.update(0, Admin, 1, types("logs,metrics")).unwrap();
    assert!(!decide(&world, OVERSEAS, 0, CrossSite::Refused), "an update makes it cross no less");
}

#[test]
fn a_connection_that_grants_nothing_any_more_is_still_shown_to_both_sides_and_can_be_removed_by_both() {
    for org in [0, OVERSEAS] {
        let mut world = with_a_crossing_connection();
        let session = world.session(org, ReadOnly);
        let listing = org_connection::list(&session.authorize().unwrap(), Filter::default(), EVERYTHING);
        assert_eq!((listing.items.len(), listing.total), (1, 1), "org {org}");
        assert!(org_connection::read(&session.authorize().unwrap(), connection_id(1)).is_ok(), "org {org}");
        world.delete(org, Admin, 1).unwrap();
        assert!(!decide(&world, OVERSEAS, 0, CrossSite::Allowed));
    }
}

/// No rule moves an org. The index must not depend on that.
#[test]
fn an_org_that_is_put_elsewhere_takes_its_connections_along() {
    let mut world = with_a_crossing_connection();
    world.connect(0, Admin, 2, org_id(1), types("logs")).unwrap();
    let org = Org::clone(world.state.org(org_id(0)).unwrap());

    world.state.put(Org { site: site(OVERSEAS), ..org.clone() });
    assert!(decide(&world, OVERSEAS, 0, CrossSite::Refused));
    assert!(!decide(&world, 1, 0, CrossSite::Refused));

    world.state.put(org);
    assert!(!decide(&world, OVERSEAS, 0, CrossSite::Refused));
    assert!(decide(&world, 1, 0, CrossSite::Refused));
}

#[test]
fn a_connection_of_an_org_that_is_not_there_crosses_until_it_is() {
    let mut world = World::new();
    world.connect(0, Admin, 2, org_id(1), types("logs")).unwrap();
    let org = Org::clone(world.state.org(org_id(1)).unwrap());
    world.state.apply(&orgbridge_domain::Change::Org(orgbridge_domain::Edit::Delete(org.clone())));
    assert!(!decide(&world, 1, 0, CrossSite::Refused));
    world.state.put(org);
    assert!(decide(&world, 1, 0, CrossSite::Refused));
}

#[test]
fn the_first_org_of_an_account_on_a_site_manages_those_that_follow_there_and_no_others() {
    let mut world = World::new();
    let follower: OrgId = id(0x777);
    world.operate(|draft, now| {
        let name: Name = "Follower".parse().unwrap();
        let new = NewOrg { id: follower, account: id(1), site: site(OVERSEAS), public_id: None, name };
        draft.run(|session| org::create(&session.deployment()?, new, now)).map(drop)
    });
    let managed = |org: u8| -> Vec<OrgId> {
        let session = world.session(org, Admin);
        org::managed(&session.authorize::<OrgManagement>().unwrap()).map(|org| org.id).collect()
    };
    assert_eq!(managed(0), [0, 1, 2, 3].map(org_id));
    assert_eq!(managed(1), [org_id(1)]);
    assert_eq!(managed(OVERSEAS), [org_id(OVERSEAS), follower]);
    assert_eq!(world.state.org(org_id(OVERSEAS)).unwrap().parent, None);
    assert_eq!(world.state.org(follower).unwrap().parent, Some(org_id(OVERSEAS)));
}
