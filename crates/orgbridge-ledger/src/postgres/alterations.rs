//! What a transaction does to the rows of entities, before it is sent.
//!
//! Updates of one table that follow each other go out as one statement where each is of another row: a statement costs a
//! server and its client several times what a row does.

use std::mem;
use std::sync::Arc;

use orgbridge_domain::Change;

use super::row::Param;
use super::session::Request;
use super::words::{self, Updates};
use crate::sql::{Alteration, RowStatement, RowStatements};

/// The alterations that wait, in order.
pub(super) struct Alterations {
    of_one: RowStatements,
    of_many: Updates,
    waiting: Vec<Waiting>,
}

struct Waiting {
    table: &'static str,
    alteration: Alteration,
    sql: Arc<str>,
    params: Vec<Param>,
}

impl Alterations {
    pub(super) fn none() -> Self {
        Self { of_one: words::row_statements(), of_many: Updates::of_all(), waiting: Vec::new() }
    }

    /// Adds what makes `change` true in its table.
    pub(super) fn add(&mut self, change: &Change) {
        let RowStatement { table, alteration, sql, values } = self.of_one.of(change);
        let params = values.into_iter().map(Param::from).collect();
        self.waiting.push(Waiting { table, alteration, sql, params });
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes them out, as what is to be sent.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut together: Vec<Waiting> = Vec::new();
        for next in mem::take(&mut self.waiting) {
            if !together.iter().all(|before| before.may_go_with(&next)) || together.len() >= Updates::MOST {
                self.say(mem::take(&mut together), &mut requests);
            }
            together.push(next);
        }
        self.say(together, &mut requests);
        requests
    }

    /// Says them in as few statements as there are words for.
    fn say(&mut self, together: Vec<Waiting>, requests: &mut Vec<Request>) {
        let mut rest = together.into_iter();
        while let Some(first) = rest.next() {
            let of_many = self.of_many.within(first.table, rest.len() + 1);
            let (table, mut params) = (Some(first.table), first.params);
            let sql = of_many.map_or(first.sql, |(count, sql)| {
                params.extend(rest.by_ref().take(count - 1).flat_map(|other| other.params));
                sql
            });
            requests.push(Request { table, ..Request::new(sql, params) });
        }
    }
}

impl Waiting {
    /// Whether one statement can do this and `next`. Of several values for one row it would take any.
    fn may_go_with(&self, next: &Self) -> bool {
        let is_of_another_row = || self.params.last() != next.params.last();
        self.alteration == Alteration::Update
            && next.alteration == Alteration::Update
            && self.table == next.table
            && is_of_another_row()
    }
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::{Account, Edit, Timestamp, User, UserKind};
    use smallvec::SmallVec;
    use uuid::Uuid;

    use super::*;

    fn user(number: u128, name: &str) -> User {
        let id = |number: u128| Uuid::from_u128(number).to_string();
        User {
            id: id(number).parse().unwrap(),
            org: id(1).parse().unwrap(),
            name: name.parse().unwrap(),
            email: format!("user-{number}@example.com").parse().unwrap(),
            kind: UserKind::Person,
            roles: SmallVec::new(),
            disabled: false,
            created_at: Timestamp::from_micros(1),
            modified_at: Timestamp::from_micros(1),
        }
    }

    fn renaming(number: u128) -> Change {
        Change::User(Edit::Replace { before: user(number, "Before"), after: user(number, "After") })
    }

    fn account(number: u128, name: &str) -> Account {
        let id = Uuid::from_u128(number).to_string().parse().unwrap();
        Account { id, name: name.parse().unwrap(), created_at: Timestamp::from_micros(1) }
    }

    /// What is sent for changes: the table of each statement, and the places in it.
    fn sent(changes: impl IntoIterator<Item = Change>) -> Vec<(&'static str, usize)> {
        let mut alterations = Alterations::none();
        changes.into_iter().for_each(|change| alterations.add(&change));
        let requests = alterations.take();
        assert_eq!(alterations.count(), 0);
        requests.iter().map(|request| (request.table.unwrap(), request.params.len())).collect()
    }

    /// A user's name, roles, standing, time and id.
    const PLACES: usize = 5;

    #[test]
    fn updates_of_different_rows_go_together() {
        let sizes = |count| sent((0..count).map(renaming)).into_iter().map(|(_, places)| places / PLACES);
        assert_eq!(sizes(1).collect::<Vec<_>>(), [1]);
        assert_eq!(sizes(31).collect::<Vec<_>>(), [31]);
        assert_eq!(sizes(50).collect::<Vec<_>>(), [32, 18]);
        assert_eq!(sizes(200).collect::<Vec<_>>(), [64, 64, 64, 8]);
    }

    #[test]
    fn updates_of_one_row_stay_in_order() {
        let sent = sent([1, 2, 1, 3, 3].map(renaming));
        assert_eq!(sent, [2, 2, 1].map(|rows| ("app_user", rows * PLACES)));
    }

    #[test]
    fn nothing_is_moved_past_another_change() {
        let made = |number| Change::User(Edit::Create(user(number, "New")));
        let deleted = |number| Change::User(Edit::Delete(user(number, "Old")));
        let sent = sent([renaming(1), made(2), renaming(2), renaming(3), deleted(3), renaming(4)]);
        assert_eq!(
            sent.into_iter().map(|(_, places)| places).collect::<Vec<_>>(),
            [PLACES, 9, 2 * PLACES, 1, PLACES]
        );
    }

    #[test]
    fn what_one_row_gives_up_for_another_is_updated_one_by_one() {
        let renaming = |number, before: &str, after: &str| {
            Change::Account(Edit::Replace { before: account(number, before), after: account(number, after) })
        };
        assert_eq!(sent([renaming(1, "A", "B"), renaming(2, "C", "A")]), [("account", 2), ("account", 2)]);
    }
}
