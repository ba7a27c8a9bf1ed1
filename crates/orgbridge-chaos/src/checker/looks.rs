//! What was seen, compared with what was given and taken away, by the times of the calls alone.
//!
//! A change takes effect at some moment between its begin and its end, and a look tells of some moment between its own. So
//! a fact that was seen is explained by a change that made it so, if this began before the look ended, and if no change
//! that ended it must have come between the two. Only such changes count that were acknowledged: of any other it may be
//! that it never was. Where the log tells which of two changes came first, it is believed. Whoever is refused to end
//! something, since it is not there, was told that it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::Log;
use super::{Promises, Rule, Violation};
use crate::{Answer, Ask, Effect, Fact, Moment, Operation};

/// What is done to one fact, and seen of it.
#[derive(Default)]
struct Register<'h> {
    writes: Vec<Write<'h>>,
    looks: Vec<(&'h Operation, bool)>,
}

/// A change of one fact that was made, or may have been.
struct Write<'h> {
    operation: &'h Operation,
    holds: bool,
    /// It has taken effect by then, if ever.
    latest: Moment,
    /// Where it is in the log, if it is there.
    place: Option<usize>,
}

impl Write<'_> {
    /// Whether it must have come before `other`.
    fn precedes(&self, other: &Self) -> bool {
        let in_log = self.place.zip(other.place).is_some_and(|(place, other)| place < other);
        in_log || self.latest < other.operation.span.begin
    }

    /// From when on whoever looks at `replica` has to see it, if its answer said that it is so.
    fn binds_from(&self, look: &Operation, promises: Promises) -> Option<Moment> {
        let waits = self.holds && self.operation.replica.number != look.replica.number;
        let grace = if waits { promises.max_staleness } else { Duration::ZERO };
        (self.operation.answer != Answer::Unknown).then(|| self.operation.span.end + grace)
    }
}

pub(super) fn check(operations: &[Operation], log: &Log<'_>, promises: Promises) -> Vec<Violation> {
    let mut registers: BTreeMap<&Fact, Register<'_>> = BTreeMap::new();
    for operation in operations {
        match (&operation.ask, &operation.answer) {
            (Ask::Change { effects, .. }, Answer::Done | Answer::Unknown) => {
                let Some(latest) = log.latest_effect(operation) else { continue };
                let place = log.place(operation);
                for effect in effects {
                    let register = registers.entry(&effect.fact).or_default();
                    register.writes.push(Write { operation, holds: effect.holds, latest, place });
                }
            }
            (Ask::Change { effects, .. }, Answer::Refused) => {
                for Effect { fact, .. } in effects.iter().filter(|effect| effect.ends_for_good()) {
                    let latest = operation.span.end;
                    let end = Write { operation, holds: false, latest, place: None };
                    registers.entry(fact).or_default().writes.push(end);
                }
            }
            (Ask::Look(facts), Answer::Seen(values)) => {
                for (fact, value) in facts.iter().zip(values) {
                    registers.entry(fact).or_default().looks.push((operation, *value));
                }
            }
            _ => {}
        }
    }
    registers.into_iter().flat_map(|(fact, register)| register.check(fact, promises)).collect()
}

impl Register<'_> {
    fn check(&self, fact: &Fact, promises: Promises) -> Vec<Violation> {
        let found = self.looks.iter().filter_map(|(look, seen)| {
            let against = self.last_words_against(look, *seen, promises);
            // At the beginning, nothing is so.
            let from_the_beginning = !seen && against.is_empty();
            let is_explained = from_the_beginning
                || self.writes.iter().any(|write| {
                    let began_in_time = write.holds == *seen && write.operation.span.begin <= look.span.end;
                    began_in_time && !against.iter().any(|later| write.precedes(later))
                });
            (!is_explained).then(|| {
                let rule = if *seen { Rule::ClosedMeansClosed } else { Rule::GivenMeansSeen };
                let after = against.last().map_or("and nobody ever gave it".to_owned(), |write| {
                    format!("after {}", write.operation)
                });
                Violation::of(rule, format!("{fact}: {seen}, says {look}, {after}"))
            })
        });
        found.collect()
    }

    /// Of the changes that say otherwise and have to be seen by then, the last in the log and the one that began last: what
    /// comes before any of them comes before one of these.
    fn last_words_against(&self, look: &Operation, seen: bool, promises: Promises) -> Vec<&Write<'_>> {
        let against = || {
            self.writes.iter().filter(|write| write.holds != seen).filter(|write| {
                write.binds_from(look, promises).is_some_and(|moment| moment < look.span.begin)
            })
        };
        let in_log = against().max_by_key(|write| write.place);
        let by_time = against().max_by_key(|write| write.operation.span.begin);
        in_log.into_iter().chain(by_time).collect()
    }
}
