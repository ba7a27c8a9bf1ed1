//! The checker agrees with a model that tries every order of the calls.

use std::ops::Range;

use orgbridge_chaos::{Answer, Kind, Rule, Span};
use proptest::prelude::*;

use crate::story::{Story, span};

/// A change of whether logs are shared.
#[derive(Debug, Clone)]
struct Write {
    at: Range<u64>,
    holds: bool,
    answer: Answer,
}

fn write() -> impl Strategy<Value = Write> {
    let answer = prop_oneof![3 => Just(Answer::Done), 1 => Just(Answer::Unknown), 1 => Just(Answer::Refused)];
    (times(), any::<bool>(), answer).prop_map(|(at, holds, answer)| Write { at, holds, answer })
}

/// So few moments that many calls share one.
fn times() -> impl Strategy<Value = Range<u64>> {
    (0..20u64, 0..8u64).prop_map(|(begin, length)| begin..begin + length)
}

/// Whether there is an order of some of the changes and a look, in which each comes after whatever ended before it began,
/// nothing acknowledged is missing, and the look sees `seen`.
fn is_possible(writes: &[Write], look: Span, seen: bool) -> bool {
    let made: Vec<_> = writes.iter().filter(|write| write.answer != Answer::Refused).collect();
    (0..1_u32 << made.len()).any(|chosen| {
        let is_chosen = |place: usize| chosen & (1 << place) != 0;
        let whole =
            made.iter().enumerate().all(|(place, write)| is_chosen(place) || write.answer != Answer::Done);
        let some: Vec<_> =
            (0..made.len()).filter(|place| is_chosen(*place)).map(|place| made[place]).collect();
        whole && goes_on(&some, Some(look), false, seen)
    })
}

/// Whether the rest can be put in an order, where logs are shared or not by what came before.
fn goes_on(rest: &[&Write], look: Option<Span>, holds: bool, seen: bool) -> bool {
    // Nothing may come later than what it ended before; a change without an answer ends never.
    let ends = |write: &Write| {
        if write.answer == Answer::Done { span(write.at.clone()).end } else { std::time::Duration::MAX }
    };
    let first_end = rest.iter().map(|write| ends(write)).chain(look.map(|look| look.end)).min();
    let may_be_next = |span: Span| first_end.is_none_or(|end| span.begin <= end);
    let Some(looking) = look else { return true };
    let look_next = may_be_next(looking) && holds == seen && goes_on(rest, None, holds, seen);
    look_next
        || (0..rest.len()).any(|next| {
            let mut others = rest.to_vec();
            let write = others.remove(next);
            may_be_next(span(write.at.clone())) && goes_on(&others, look, write.holds, seen)
        })
}

proptest! {
    #[test]
    fn a_look_is_found_wrong_if_no_order_of_the_calls_explains_it(
        writes in prop::collection::vec(write(), 0..6),
        look in times(),
        seen in any::<bool>(),
    ) {
        let mut story = Story::default();
        for Write { at, holds, answer } in &writes {
            let kinds: &[Kind] = if *holds { &[Kind::Logs] } else { &[Kind::Metrics] };
            story = story.share(at.clone(), kinds, answer.clone());
        }
        let expected = if is_possible(&writes, span(look.clone()), seen) {
            vec![]
        } else if seen {
            vec![Rule::ClosedMeansClosed]
        } else {
            vec![Rule::GivenMeansSeen]
        };
        prop_assert_eq!(story.see(look, seen).broken_without_log(), expected);
    }
}
