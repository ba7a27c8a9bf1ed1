//! Replicas that come, go, sleep and learn late of each other, and a count of all that they let in.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::windows::Windows;
use super::*;

const PERIOD: Duration = Duration::from_secs(4);

/// How old what somebody knows of the others may be.
const LEASE: Duration = Duration::from_secs(2);

/// The lease, and how late a look may be.
const LAG: Duration = Duration::from_secs(3);

/// How much time passes between two looks.
const TICK: Duration = Duration::from_millis(250);

/// What happens in one tick to the replica that is meant, which is there or not.
#[derive(Debug, Clone, Copy)]
enum Event {
    Join,
    Leave,
    /// It is stopped for so many ticks, and goes on.
    Sleep(u8),
    /// It is asked so often.
    Ask(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Join),
        1 => Just(Event::Leave),
        1 => (1_u8..24).prop_map(Event::Sleep),
        9 => (1_u8..9).prop_map(Event::Ask),
    ]
}

/// Which replica, how many ticks old its knowledge is, and what happens.
fn events() -> impl Strategy<Value = Vec<(usize, u32, Event)>> {
    prop::collection::vec((0..4_usize, 0..8_u32, event()), 1..160)
}

struct Replica {
    seat: Uuid,
    sat_down_at: Duration,
    asleep_until: Duration,
    division: Division,
    windows: Windows<&'static str>,
}

/// A window that some replica has opened: when it closes and how many requests went into it.
type Opened = BTreeMap<Uuid, (Duration, u32)>;

struct World {
    now: Duration,
    quota: Quota,
    planned: NonZeroU32,
    replicas: [Option<Replica>; 4],
    /// Who had a seat, tick by tick, the latest last. Ids are no order of arrival.
    seats: Vec<Vec<Uuid>>,
    opened: Opened,
    next_seat: u128,
}

impl World {
    fn of(requests: u32, planned: u32) -> Self {
        Self {
            now: Duration::from_secs(1_000),
            quota: Quota::new(requests, 4).unwrap(),
            planned: NonZeroU32::new(planned).unwrap(),
            replicas: [const { None }; 4],
            seats: vec![Vec::new()],
            opened: BTreeMap::new(),
            next_seat: 1,
        }
    }

    fn new_seat(&mut self) -> Uuid {
        self.next_seat = self.next_seat.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1;
        let seat = Uuid::from_u128(self.next_seat);
        let mut seats = self.seats.pop().unwrap_or_default();
        seats.push(seat);
        self.seats.push(seats);
        seat
    }

    fn step(&mut self, which: usize, age: u32, event: Event) {
        self.now += TICK;
        self.seats.push(self.seats.last().cloned().unwrap_or_default());
        match event {
            Event::Join if self.replicas[which].is_none() => {
                let (seat, now) = (self.new_seat(), self.now);
                self.replicas[which] = Some(Replica {
                    seat,
                    sat_down_at: now,
                    asleep_until: now,
                    division: Division::new(self.planned, LAG, PERIOD),
                    windows: Windows::new(1 << 10, PERIOD),
                });
            }
            Event::Leave => {
                if let Some(gone) = self.replicas[which].take() {
                    self.give_up(gone.seat);
                }
            }
            Event::Sleep(ticks) => {
                let until = self.now + TICK * ticks.into();
                if let Some(replica) = &mut self.replicas[which] {
                    replica.asleep_until = until;
                }
            }
            Event::Join | Event::Ask(_) => {}
        }
        self.give_up_who_sleeps();
        for number in 0..self.replicas.len() {
            self.look(number, age);
        }
        if let Event::Ask(times) = event {
            for _ in 0..times {
                self.ask(which);
            }
        }
    }

    fn give_up(&mut self, seat: Uuid) {
        self.seats.iter_mut().rev().take(1).for_each(|seats| seats.retain(|known| *known != seat));
    }

    /// Who has not renewed a seat for a lease is taken for gone.
    fn give_up_who_sleeps(&mut self) {
        let asleep = self.replicas.iter().flatten();
        let asleep = asleep.filter(|replica| replica.division.looked_at + LEASE < self.now);
        let asleep: Vec<_> = asleep.filter(|it| it.sat_down_at < self.now).map(|it| it.seat).collect();
        for seat in asleep {
            self.give_up(seat);
        }
    }

    /// Has a replica look who is there, or was there some ticks ago, but for itself.
    fn look(&mut self, number: usize, age: u32) {
        let Some(mut replica) = self.replicas[number].take() else { return };
        if self.now >= replica.asleep_until {
            if self.seats.last().is_some_and(|seats| !seats.contains(&replica.seat)) {
                replica.seat = self.new_seat();
                replica.sat_down_at = self.now;
            }
            // Whoever sits down reads who is there then, and never forgets them again.
            let since_then = self.now.saturating_sub(replica.sat_down_at).as_millis() / TICK.as_millis();
            let age = usize::try_from(u128::from(age).min(since_then)).unwrap();
            let seats = &self.seats[self.seats.len() - 1 - age];
            let before = |seat: &&Uuid| **seat < replica.seat;
            let known = Replicas {
                seat: replica.seat,
                rank: seats.iter().filter(before).count().try_into().unwrap(),
                count: seats.len().try_into().unwrap(),
            };
            replica.division.look(known, self.now);
            self.forget_the_gone(&replica, known);
        }
        self.replicas[number] = Some(replica);
    }

    /// What is forgotten by those who begin at once, as a server forgets that is started anew.
    fn forget_the_gone(&mut self, newcomer: &Replica, known: Replicas) {
        let begins = newcomer.division.sat_down_at + LAG + PERIOD > self.now && !newcomer.division.waits;
        if begins && known.count <= self.planned.get() {
            let seats = self.seats.last().cloned().unwrap_or_default();
            self.opened.retain(|seat, _| seats.contains(seat));
        }
    }

    fn ask(&mut self, which: usize) {
        let Some(replica) = self.replicas[which].as_ref() else { return };
        if self.now < replica.asleep_until {
            return;
        }
        let Share::Of(requests) = replica.division.share(self.quota, self.now) else { return };
        let usage = replica.windows.charge("key", requests, PERIOD, self.now);
        if usage.is_admitted {
            let closes_at = self.now + usage.closes_in;
            let window = self.opened.entry(replica.seat).or_default();
            *window = if window.0 == closes_at { (closes_at, window.1 + 1) } else { (closes_at, 1) };
        }
    }

    /// How many requests are in all windows that are open now.
    fn taken(&self) -> u32 {
        self.opened.values().filter(|(closes_at, _)| *closes_at > self.now).map(|(_, used)| used).sum()
    }
}

fn run(requests: u32, planned: u32, events: &[(usize, u32, Event)]) {
    let mut world = World::of(requests, planned);
    for (number, (which, age, event)) in events.iter().enumerate() {
        world.step(*which, *age, *event);
        let taken = world.taken();
        assert!(taken <= requests, "{taken} of {requests} after event {number}, {which}: {event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_coming_and_going_takes_more_than_the_limit(requests in 1..12_u32, events in events()) {
        run(requests, 1, &events);
    }

    #[test]
    fn nor_within_what_is_planned(requests in 1..12_u32, planned in 2..5_u32, events in events()) {
        run(requests, planned, &events);
    }
}
