//! The revisions that answers say, compared with what the client knew before.

use std::collections::HashMap;

use super::{Rule, Violation};
use crate::{Answer, Operation};

pub(super) fn check(operations: &[Operation]) -> Vec<Violation> {
    let mut found = unknown(operations);
    let mut in_order: Vec<_> = operations.iter().filter(|operation| operation.revision.is_some()).collect();
    in_order.sort_by_key(|operation| operation.span.begin);
    let mut latest: HashMap<_, &Operation> = HashMap::new();
    for operation in in_order {
        let before = latest.insert((operation.client, operation.replica), operation);
        if let Some(before) = before.filter(|before| before.revision > operation.revision) {
            found.push(Violation::of(Rule::RevisionsRise, format!("{before}, and then {operation}")));
        }
    }
    found
}

/// Answers that were to know a revision and don't.
fn unknown(operations: &[Operation]) -> Vec<Violation> {
    // A replica that can't answer says what it knows, too.
    let answered = operations.iter().filter(|operation| operation.answer != Answer::Unknown);
    let wrong = answered.filter(|operation| {
        operation.revision.is_some_and(|known| operation.at_least.is_some_and(|asked| known < asked))
    });
    wrong
        .map(|operation| {
            let asked = operation.at_least.unwrap_or_default();
            Violation::of(Rule::AskedForMeansKnown, format!("{operation}, where {asked} was asked for"))
        })
        .collect()
}
