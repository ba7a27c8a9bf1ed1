//! What the audit log says at the end, compared with what was acknowledged and seen.

use std::collections::HashMap;
use std::time::Duration;

use super::{Promises, Rule, Violation};
use crate::{Answer, Ask, Effect, Entry, Fact, History, Moment, Operation, Recorded, Replica, Span};

/// The calls of a history by the log's order, as far as the log was read.
pub(super) struct Log<'h> {
    operations: &'h [Operation],
    /// Each entry with the call that it tells of.
    entries: Option<Vec<(&'h Entry, Option<&'h Operation>)>>,
    /// Where each request is in the log.
    places: HashMap<&'h str, usize>,
    /// For each entry, when at the latest it was there: before anything later was acknowledged.
    latest: Vec<Moment>,
}

/// A change as the log tells of it, and from when on whoever looks has to see it.
struct Binding {
    revision: u64,
    answered: Moment,
    replica: Replica,
    takes_away: bool,
}

impl Binding {
    fn binds(&self, look: &Operation, promises: Promises) -> bool {
        let at_once = self.takes_away || self.replica.number == look.replica.number;
        let grace = if at_once { Duration::ZERO } else { promises.max_staleness };
        self.answered + grace < look.span.begin
    }
}

impl<'h> Log<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let operations = history.operations.as_slice();
        let by_request: HashMap<_, _> =
            operations.iter().filter_map(|operation| Some((operation.request()?, operation))).collect();
        let entries: Option<Vec<_>> = history.log.as_ref().map(|log| {
            log.iter().map(|entry| (entry, by_request.get(entry.request.as_str()).copied())).collect()
        });
        let all = entries.as_deref().unwrap_or_default();
        let places =
            all.iter().enumerate().map(|(place, (entry, _))| (entry.request.as_str(), place)).collect();
        let mut latest = vec![Moment::MAX; all.len()];
        let mut end = Moment::MAX;
        for (place, (_, operation)) in all.iter().enumerate().rev() {
            latest[place] = end;
            end = operation
                .filter(|operation| operation.is_acknowledged())
                .map_or(end, |operation| end.min(operation.span.end));
        }
        Self { operations, entries, places, latest }
    }

    fn entries(&self) -> &[(&'h Entry, Option<&'h Operation>)] {
        self.entries.as_deref().unwrap_or_default()
    }

    /// The changes in the log's order, each with where it is in history.
    fn kept(&self) -> impl Iterator<Item = (&'h Entry, &'h Operation)> {
        self.entries().iter().filter_map(|(entry, operation)| Some((*entry, (*operation)?)))
    }

    /// When at the latest a change took effect; `None` if the log says that it did not.
    pub(super) fn latest_effect(&self, operation: &Operation) -> Option<Moment> {
        if operation.is_acknowledged() {
            return Some(operation.span.end);
        }
        if self.entries.is_none() {
            return Some(Moment::MAX);
        }
        self.place(operation).map(|place| self.latest[place])
    }

    /// Where a change is in the log, if it is there.
    pub(super) fn place(&self, operation: &Operation) -> Option<usize> {
        operation.request().and_then(|request| self.places.get(request)).copied()
    }

    /// Compares the log with what was acknowledged and what was refused.
    pub(super) fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.entries.is_none() {
            return found;
        }
        for (place, (entry, operation)) in self.entries().iter().enumerate() {
            let Entry { revision, request, .. } = entry;
            let Some(operation) = operation else {
                found.push(Violation::of(Rule::NothingUnasked, format!("{request}, revision {revision}")));
                continue;
            };
            if self.places.get(request.as_str()) != Some(&place) {
                found.push(Violation::of(Rule::DoneOnce, format!("{operation}; and again at {revision}")));
            }
            if operation.answer == Answer::Refused {
                found.push(Violation::of(
                    Rule::RefusedMeansNotDone,
                    format!("{operation}, but at {revision}"),
                ));
            }
            if let Some(effect) = operation.effects().iter().find(|effect| !entry.effects.contains(effect)) {
                let story = format!("{operation}, but at {revision} not {effect}");
                found.push(Violation::of(Rule::DoneAsAsked, story));
            }
        }
        found.extend(self.lost());
        found.extend(self.out_of_order());
        found
    }

    /// What was acknowledged and is not in the log.
    fn lost(&self) -> impl Iterator<Item = Violation> {
        self.operations
            .iter()
            .filter(|operation| operation.is_acknowledged())
            .filter(|operation| operation.request().is_some_and(|request| !self.places.contains_key(request)))
            .filter(|operation| {
                let may_be_missing =
                    matches!(operation.ask, Ask::Change { recorded: Recorded::UnlessItWasSo, .. });
                !(may_be_missing && self.was_so(operation))
            })
            .map(|operation| Violation::of(Rule::AcknowledgedMeansKept, operation.to_string()))
    }

    /// Whether all that `operation` asks for was so at some moment at which it may have been looked at.
    fn was_so(&self, operation: &Operation) -> bool {
        let Span { begin, end } = operation.span;
        let first = self.kept().filter(|(_, other)| other.is_acknowledged() && other.span.end < begin).last();
        let first = first.map_or(0, |(entry, _)| entry.revision);
        let mut held = Held::default();
        let all_so = |held: &Held<'_>| {
            operation.effects().iter().all(|effect| held.is_so(&effect.fact) == effect.holds)
        };
        for (entry, other) in self.kept() {
            if other.span.begin > end {
                break;
            }
            if entry.revision > first && all_so(&held) {
                return true;
            }
            held.follow(&entry.effects);
        }
        all_so(&held)
    }

    /// Entries that come before what was answered before they were asked for.
    fn out_of_order(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut latest_begin: Option<&Operation> = None;
        for (entry, operation) in self.kept() {
            if let Some(before) = latest_begin
                && operation.is_acknowledged()
                && operation.span.end < before.span.begin
            {
                let story = format!("{operation} comes at {}, after {before}", entry.revision);
                found.push(Violation::of(Rule::OneOrder, story));
            }
            if latest_begin.is_none_or(|latest| latest.span.begin < operation.span.begin) {
                latest_begin = Some(operation);
            }
        }
        found
    }

    /// Compares what was seen with what the log says of the revision that it was seen at.
    pub(super) fn check_answers(&self, promises: Promises) -> Vec<Violation> {
        if self.entries.is_none() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut looks: Vec<_> = self.operations.iter().filter_map(Seen::of).collect();
        looks.sort_by_key(|seen| seen.revision);
        let mut later = looks.iter().peekable();
        let mut held = Held::default();
        let mut bindings = Vec::new();
        for (entry, operation) in self.entries() {
            let before = std::iter::from_fn(|| later.next_if(|seen| seen.revision < entry.revision));
            found.extend(before.filter_map(|seen| held.contradicts(seen)));
            let takes_away = held.follow(&entry.effects);
            if let Some(operation) = operation.filter(|operation| operation.is_acknowledged()) {
                let (revision, answered) = (entry.revision, operation.span.end);
                bindings.push(Binding { revision, answered, replica: operation.replica, takes_away });
            }
        }
        found.extend(later.filter_map(|seen| held.contradicts(seen)));
        found.extend(looks.iter().filter_map(|seen| seen.is_too_old(&bindings, promises)));
        found
    }
}

/// What is so after some entries of the log.
#[derive(Default)]
struct Held<'h>(HashMap<&'h Fact, bool>);

impl<'h> Held<'h> {
    /// Goes on by an entry; whether it took something away.
    fn follow(&mut self, effects: &'h [Effect]) -> bool {
        let mut took_away = false;
        for effect in effects {
            let before = self.0.insert(&effect.fact, effect.holds);
            took_away |= before == Some(true) && !effect.holds;
        }
        took_away
    }

    fn is_so(&self, fact: &Fact) -> bool {
        self.0.get(fact).copied().unwrap_or_default()
    }

    fn contradicts(&self, seen: &Seen<'_>) -> Option<Violation> {
        let (fact, value) =
            seen.facts.iter().zip(seen.values).find(|(fact, value)| self.is_so(fact) != **value)?;
        let story = format!("{fact}: {value}, says {}, where the log says {}", seen.look, !value);
        Some(Violation::of(Rule::AnswersAreOfTheirRevision, story))
    }
}

/// A look whose answer says at which revision it is.
struct Seen<'h> {
    look: &'h Operation,
    facts: &'h [Fact],
    values: &'h [bool],
    revision: u64,
}

impl<'h> Seen<'h> {
    fn of(look: &'h Operation) -> Option<Self> {
        match (&look.ask, &look.answer) {
            (Ask::Look(facts), Answer::Seen(values)) => {
                Some(Self { look, facts, values, revision: look.revision? })
            }
            _ => None,
        }
    }

    fn is_too_old(&self, bindings: &[Binding], promises: Promises) -> Option<Violation> {
        let later = bindings.iter().rev().take_while(|binding| binding.revision > self.revision);
        let missed = later.filter(|binding| binding.binds(self.look, promises)).last()?;
        let story = format!("{}, when revision {} had been answered", self.look, missed.revision);
        Some(Violation::of(Rule::AnswersAreFresh, story))
    }
}
