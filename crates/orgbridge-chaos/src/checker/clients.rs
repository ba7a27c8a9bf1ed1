//! What each client sees, one answer after the other.

use std::collections::HashMap;

use super::{Rule, Violation};
use crate::Operation;

pub(super) fn check(operations: &[Operation]) -> Vec<Violation> {
    let mut in_order: Vec<_> = operations.iter().filter(|operation| operation.revision.is_some()).collect();
    in_order.sort_by_key(|operation| operation.span.begin);
    let mut latest: HashMap<_, &Operation> = HashMap::new();
    let mut found = Vec::new();
    for operation in in_order {
        let before = latest.insert((operation.client, operation.replica), operation);
        if let Some(before) = before.filter(|before| before.revision > operation.revision) {
            found.push(Violation::of(Rule::RevisionsRise, format!("{before}, and then {operation}")));
        }
    }
    found
}
