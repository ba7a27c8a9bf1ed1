//! Any sequence of commands does to [`State`](orgbridge_domain::State) what it does to a model that keeps
//! connections in a plain list and has no index that could be wrong.

use std::collections::HashSet;
use std::mem;

use orgbridge_domain::{ConnectionType, CrossSite, Page, org_connection};
use orgbridge_model::{Model, any_command, any_filter, assert_same};
use proptest::prelude::*;

use crate::world::{ORGS, Persona, World, org_id, user_id};

/// Which types of which source each user reads.
fn who_reads_what(world: &World) -> HashSet<(u8, Persona, u8, ConnectionType)> {
    let pairs = (0..ORGS).flat_map(|sink| (0..ORGS).map(move |source| (sink, source)));
    let pairs = pairs
        .filter(|(sink, source)| world.state.connection_between(org_id(*source), org_id(*sink)).is_some());
    let readers = pairs.flat_map(|(sink, source)| Persona::ALL.map(|persona| (sink, persona, source)));
    let all =
        readers.flat_map(|(sink, persona, source)| ConnectionType::ALL.map(|of| (sink, persona, source, of)));
    let reads = |(sink, persona, source, of): &(u8, Persona, u8, ConnectionType)| {
        let user = user_id(*sink, *persona);
        org_connection::decide_for(&world.state, user, org_id(*source), *of, CrossSite::Allowed).is_some()
    };
    all.filter(reads).collect()
}

proptest! {
    #[test]
    fn any_sequence_of_commands_does_the_same_to_state_and_model(
        commands in proptest::collection::vec(any_command(), 1..60),
        filter in any_filter(),
        (offset, limit) in (0..4_usize, 1..5_usize),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        let mut readers = HashSet::new();
        for command in commands {
            world.took_away = false;
            let real = world.carry_out(&command);
            prop_assert_eq!(real, model.carry_out(&command, world.now()), "{:?}", command);
            let before = mem::replace(&mut readers, who_reads_what(&world));
            let lost = before.difference(&readers).next();
            prop_assert!(world.took_away || lost.is_none(), "{command:?} took {lost:?} and does not say so");
        }

        assert_same(&world.state, world.now(), &model, filter, Page { offset, limit });
    }
}
