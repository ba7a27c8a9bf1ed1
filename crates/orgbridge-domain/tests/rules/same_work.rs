//! What is asked for in vain costs the same, however near it came. Source: hardening list, 1 and 19.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orgbridge_domain::{
    ConnectionId, KeyDigest, SiteScope, authenticate, authenticate_api_key, org_connection,
};

use crate::world::{
    FOREIGN, Persona, World, api_secret, application_secret, connection_id, id, org_id, types,
};

const ROUNDS: usize = 60;
const TIMES: u32 = 300;

/// Expects two things to take as long. They take turns, so that whatever else the machine does hits both, and the
/// fastest round of each counts. To find something and compare two ids with it is nothing that can be told through a
/// network; to search, or to ask a database, would take many times as long.
fn assert_as_long(what: &str, mut one: impl FnMut(), mut other: impl FnMut()) {
    let (mut least_of_one, mut least_of_other) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        least_of_one = least_of_one.min(took(&mut one));
        least_of_other = least_of_other.min(took(&mut other));
    }
    let (shorter, longer) = (least_of_one.min(least_of_other), least_of_one.max(least_of_other));
    assert!(longer < shorter * 3, "{what}: {least_of_one:?} and {least_of_other:?}");
}

fn took(work: &mut impl FnMut()) -> Duration {
    let began = Instant::now();
    for _ in 0..TIMES {
        work();
    }
    began.elapsed()
}

/// A world in which org 0 shares with org 1.
fn shared() -> World {
    let mut world = World::new();
    world.connect(0, Persona::Admin, 1, org_id(1), types("logs")).unwrap();
    world
}

#[test]
fn a_strangers_connection_costs_what_an_absent_one_does() {
    let world = shared();
    let absent: ConnectionId = id(0xab5e);
    for stranger in [2, FOREIGN] {
        let session = world.session(stranger, Persona::Admin);
        let read = |id| drop(black_box(org_connection::read(&session.authorize().unwrap(), id)));
        assert_as_long("read", || read(connection_id(1)), || read(absent));
        let update = |id| {
            let grant = session.authorize().unwrap();
            drop(black_box(org_connection::update(&grant, id, types("audit"), world.now())));
        };
        assert_as_long("update", || update(connection_id(1)), || update(absent));
        let delete = |id| drop(black_box(org_connection::delete(&session.authorize().unwrap(), id)));
        assert_as_long("delete", || delete(connection_id(1)), || delete(absent));
    }
}

#[test]
fn a_key_with_a_right_beginning_costs_what_a_random_one_does() {
    let world = shared();
    let right = api_secret(0).expose().to_owned();
    let near = format!("{}x", &right[..right.len() - 1]);
    let far = "5e".repeat(16);
    let api_key = |shown: &str| {
        let digest = KeyDigest::of(shown.as_bytes());
        black_box(authenticate_api_key(&world.state, &digest, SiteScope::Any)).unwrap_err();
    };
    assert_as_long("an API key", || api_key(&near), || api_key(&far));

    let right = application_secret(0, Persona::Admin).expose().to_owned();
    let near = format!("{}x", &right[..right.len() - 1]);
    let far = "5e".repeat(20);
    let application_key = |shown: &str| {
        let digest = KeyDigest::of(shown.as_bytes());
        black_box(authenticate(&world.state, &api_secret(0).digest(), &digest, SiteScope::Any)).unwrap_err();
    };
    assert_as_long("an application key", || application_key(&near), || application_key(&far));
}
