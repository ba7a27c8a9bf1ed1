//! What the writer relies on and can't be seen from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orgbridge_domain::{Account, Change, Edit, Org, OrgId, Site, Timestamp};
use orgbridge_postgres_server::{Database, PostgresServer};
use uuid::Uuid;

use super::*;
use crate::fleet::{ReplicaId, Seat};
use crate::record::{Kind, Record};
use crate::sql::record_tables;
use crate::{Actor, ChainDigest, Epoch};

fn database() -> Database<'static> {
    PostgresServer::shared().database().unwrap()
}

fn address_of(database: &Database<'_>) -> PostgresAddress {
    database.address().parse().unwrap()
}

/// Two who write one ledger.
fn side_by_side(database: &Database<'_>) -> (Postgres, Postgres) {
    let address = address_of(database);
    (Postgres::create(&address).unwrap(), Postgres::open(&address).unwrap())
}

/// An account, and its entry after `position`.
fn account(number: u128, position: Position) -> (Entry, Change) {
    let account = Account {
        id: Uuid::from_u128(number).to_string().parse().unwrap(),
        name: format!("Account {number}").parse().unwrap(),
        created_at: Timestamp::from_micros(1),
    };
    let change = Change::Account(Edit::Create(account));
    (entry_of(&change, position), change)
}

/// An org of account 1.
fn org(number: u128, name: &str) -> Org {
    let id: OrgId = Uuid::from_u128(number).to_string().parse().unwrap();
    Org {
        id,
        account: Uuid::from_u128(1).to_string().parse().unwrap(),
        site: Site::DEFAULT,
        parent: None,
        public_id: id.to_string().parse().unwrap(),
        name: name.parse().unwrap(),
        disabled: number.is_multiple_of(2),
        created_at: Timestamp::from_micros(1),
        modified_at: Timestamp::from_micros(i64::try_from(number).unwrap()),
    }
}

/// The entry of a change after `position`.
fn entry_of(change: &Change, position: Position) -> Entry {
    let described = crate::record::describe(change);
    let mut entry = Entry {
        revision: position.revision.next(),
        at: Timestamp::from_micros(1),
        actor: Actor::from(orgbridge_domain::Principal::Operator),
        request_id: "a-test".to_owned(),
        entity: described.table.to_owned(),
        entity_id: described.id.to_string(),
        before: described.before,
        after: described.after,
        digest: position.digest,
    };
    entry.digest = entry.digest_after(position.digest);
    entry
}

/// Writes a change into the open transaction, and says where its commit is to lead.
fn write_change(storage: &mut Postgres, change: &Change, position: Position) -> Position {
    let entry = entry_of(change, position);
    storage.write(&entry, change).unwrap();
    Position { revision: entry.revision, digest: entry.digest, ..position }
}

/// The same for an account.
fn write(storage: &mut Postgres, number: u128, position: Position) -> Position {
    write_change(storage, &account(number, position).1, position)
}

/// Makes account 1 with so many orgs.
fn write_orgs(storage: &mut Postgres, count: u128) -> Position {
    let mut position = storage.begin().unwrap();
    position = write(storage, 1, position);
    for number in 1..=count {
        position = write_change(storage, &Change::Org(Edit::Create(org(number, "New"))), position);
    }
    storage.commit(position).unwrap();
    position
}

fn renaming(number: u128, from: &str, to: &str) -> Change {
    Change::Org(Edit::Replace { before: org(number, from), after: org(number, to) })
}

fn wait_until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "it did not come to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_hint_wakes_the_others_and_not_whoever_gave_it() {
    let database = database();
    let (mut one, mut other) = side_by_side(&database);
    let listen = |storage: &mut Postgres| {
        let woken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&woken);
        storage.on_hint(Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        // Once when it begins to listen: whatever was said before is lost.
        wait_until(|| woken.load(Ordering::SeqCst) == 1);
        woken
    };
    let (woken_one, woken_other) = (listen(&mut one), listen(&mut other));
    one.hint();
    wait_until(|| woken_other.load(Ordering::SeqCst) == 2);
    other.hint();
    wait_until(|| woken_one.load(Ordering::SeqCst) == 2);
    assert_eq!(woken_other.load(Ordering::SeqCst), 2, "its own hint does not wake it");

    // A connection that is lost is made again.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE 'NOTIFY%'";
    database.sql(end).unwrap();
    wait_until(|| woken_one.load(Ordering::SeqCst) >= 3 && woken_other.load(Ordering::SeqCst) >= 3);
    let before = woken_other.load(Ordering::SeqCst);
    one.hint();
    wait_until(|| woken_other.load(Ordering::SeqCst) > before);
}

#[test]
fn a_seat_is_renewed_and_removed_only_as_it_is_known() {
    let database = database();
    let (mut here, mut there) = side_by_side(&database);
    let lease = Duration::from_millis(1_234);
    let seat = Seat::taken_by(ReplicaId::new(Uuid::from_u128(7)), lease);
    here.enter(&seat).unwrap();
    assert_eq!(there.seats().unwrap(), [seat]);
    assert!(here.enter(&seat).is_err(), "a seat is taken once");

    let position = Position { epoch: Epoch::new(3), revision: Revision::new(9), digest: ChainDigest::START };
    let renewed = seat.renewed_at(position);
    assert_eq!(here.renew(&renewed), Ok(true));
    assert_eq!(here.renew(&renewed), Ok(false), "it has moved on");
    assert_eq!(there.seats().unwrap(), [renewed]);
    there.remove(&seat).unwrap();
    assert_eq!(there.seats().unwrap(), [renewed], "it was renewed meanwhile");
    there.remove(&renewed).unwrap();
    assert_eq!(here.renew(&renewed.renewed_at(position)), Ok(false), "it is gone");
    assert_eq!(here.seats().unwrap(), []);
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_in_the_history() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    let lost = || Trouble::lost("on purpose");
    let began = storage.begin().unwrap();
    let kept = write(&mut storage, 1, began);
    storage.commit(kept).unwrap();
    assert_eq!(storage.find_out(lost(), kept), Ok(()));

    let began = storage.begin().unwrap();
    assert_eq!(began, kept);
    let dropped = write(&mut storage, 2, began);
    storage.rollback();
    let refused = storage.find_out(lost(), dropped);
    assert_eq!(refused, Err(Unavailable::Unreachable { cause: "on purpose".to_owned() }));

    // Somebody else's change stands where ours would have stood.
    let began = storage.begin().unwrap();
    let other = write(&mut storage, 3, began);
    storage.commit(other).unwrap();
    assert!(storage.find_out(lost(), dropped).is_err());
    assert_eq!(storage.find_out(lost(), kept), Ok(()), "history has gone on since");
    assert_eq!(storage.position(), Ok(other));
}

#[test]
fn what_is_left_of_a_commit_is_waited_for_before_anybody_says_that_it_is_not_there() {
    let database = database();
    let (mut slow, mut asking) = side_by_side(&database);
    let began = slow.begin().unwrap();
    let wanted = write(&mut slow, 1, began);
    let committing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        slow.commit(wanted)
    });
    assert_eq!(asking.find_out(Trouble::lost("on purpose"), wanted), Ok(()));
    committing.join().unwrap().unwrap();
}

#[test]
fn a_process_that_stands_still_in_a_transaction_does_not_keep_the_lock() {
    let database = database();
    let (mut frozen, mut other) = side_by_side(&database);
    // One that only thinks for long keeps it.
    let began = frozen.begin().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(other.begin(), Err(Unavailable::Locked));
    let kept = write(&mut frozen, 1, began);
    frozen.commit(kept).unwrap();

    frozen.begin().unwrap();
    frozen.link.fall_silent();
    let began = Instant::now();
    while other.begin() == Err(Unavailable::Locked) {
        assert!(began.elapsed() < Duration::from_secs(8), "the lock is kept for ever");
    }
    other.rollback();
    let wanted = write(&mut frozen, 2, kept);
    assert!(matches!(frozen.commit(wanted), Err(Unavailable::Unreachable { .. })));
    assert_eq!(frozen.position(), Ok(kept));
}

#[test]
fn what_can_not_even_be_sent_is_not_left_out_of_what_is_kept() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    let before = write_orgs(&mut storage, 1);
    storage.begin().unwrap();
    storage.queue.requests.push(Request::new("DELETE FROM org WHERE id = $1", [1_u64.into()]));
    let wanted = write(&mut storage, 2, before);
    let refused = storage.commit(wanted);
    assert!(matches!(refused, Err(Unavailable::Storage { .. })), "{refused:?}");
    assert_eq!(storage.position(), Ok(before));
    assert_eq!(database.sql("SELECT count(*) FROM account").unwrap(), "1");
}

/// Makes an account in a transaction that another follows, and waits until that one has begun.
fn commit_and_go_on(storage: &mut Postgres, number: u128, database: &Database<'_>) -> Position {
    let position = storage.begin().unwrap();
    let position = write(storage, number, position);
    storage.expect_another();
    storage.commit(position).unwrap();
    let begun = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND state = 'idle in transaction' AND query LIKE '%FOR UPDATE'";
    wait_until(|| database.sql(begun).unwrap() == "1");
    position
}

/// Ends whatever is in the midst of a transaction.
fn end_transactions(database: &Database<'_>) {
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
               WHERE datname = current_database() AND state = 'idle in transaction'";
    assert_eq!(database.sql(end).unwrap(), "t");
}

#[test]
fn a_transaction_that_begins_with_the_commit_of_another_stands_where_that_led_and_keeps_others_out() {
    let database = database();
    let (mut storage, mut other) = side_by_side(&database);
    for number in 1..=3 {
        let kept = commit_and_go_on(&mut storage, number, &database);
        assert_eq!(other.position(), Ok(kept), "others see it");
        assert_eq!(other.begin(), Err(Unavailable::Locked));
        assert_eq!(storage.begin(), Ok(kept));
        storage.end_unchanged().unwrap();
    }
    other.begin().unwrap();
}

/// Something that is asked outside of a transaction.
type Asked = fn(&mut Postgres) -> Result<(), Unavailable>;

#[test]
fn a_transaction_that_nobody_wanted_is_over_with_whatever_else_is_asked() {
    let database = database();
    let (mut storage, mut other) = side_by_side(&database);
    let asked: [Asked; 4] = [
        |storage| storage.position().map(|_| ()),
        |storage| storage.seats().map(drop),
        |storage| storage.indexed().map(|_| ()),
        |storage| {
            storage.begin_to_read()?;
            storage.end_unchanged()
        },
    ];
    for (ask, number) in asked.iter().zip(1..) {
        let kept = commit_and_go_on(&mut storage, number, &database);
        ask(&mut storage).unwrap();
        assert_eq!(other.begin(), Ok(kept));
        other.end_unchanged().unwrap();
    }
}

#[test]
fn whoever_waits_comes_to_the_lock_however_many_transactions_follow_each_other() {
    let database = database();
    let (mut storage, mut other) = side_by_side(&database);
    let came = Arc::new(AtomicUsize::new(0));
    let coming = {
        let came = Arc::clone(&came);
        std::thread::spawn(move || {
            while other.begin() == Err(Unavailable::Locked) {}
            came.store(1, Ordering::SeqCst);
            other.end_unchanged().unwrap();
        })
    };
    let began = Instant::now();
    let mut number = 0;
    while came.load(Ordering::SeqCst) == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody comes to the lock");
        if let Ok(position) = storage.begin() {
            number += 1;
            let position = write(&mut storage, number, position);
            storage.expect_another();
            storage.commit(position).unwrap();
        }
    }
    coming.join().unwrap();
}

#[test]
fn nothing_is_said_of_what_was_so_under_a_lock_that_was_lost() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    storage.begin().unwrap();
    end_transactions(&database);
    assert!(matches!(storage.end_unchanged(), Err(Unavailable::Unreachable { .. })));

    let kept = commit_and_go_on(&mut storage, 1, &database);
    assert_eq!(storage.begin(), Ok(kept));
    end_transactions(&database);
    assert!(matches!(storage.end_unchanged(), Err(Unavailable::Unreachable { .. })));
    assert!(matches!(storage.end_unchanged(), Err(Unavailable::Unreachable { .. })), "there is none");
    assert_eq!(storage.begin(), Ok(kept), "by another connection");
    storage.end_unchanged().unwrap();
}

#[test]
fn a_transaction_that_was_lost_before_anybody_wanted_it_is_begun_anew() {
    let database = database();
    let (mut storage, mut other) = side_by_side(&database);
    commit_and_go_on(&mut storage, 1, &database);
    end_transactions(&database);
    let began = other.begin().unwrap();
    let kept = write(&mut other, 2, began);
    other.commit(kept).unwrap();
    // The connection says that it is over when it is looked at next.
    wait_until(|| !storage.link.is_still(storage.link.number()));
    assert_eq!(storage.begin(), Ok(kept));
    storage.end_unchanged().unwrap();
}

#[test]
fn a_transaction_greater_than_the_queue_is_kept_whole() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    let mut position = storage.begin().unwrap();
    let count = MAX_QUEUED + MAX_QUEUED / 2;
    for number in 0..count {
        position = write(&mut storage, number as u128 + 1, position);
    }
    storage.commit(position).unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM account").unwrap(), count.to_string());
    assert_eq!(database.sql("SELECT count(*) FROM change").unwrap(), count.to_string());
    assert_eq!(storage.load().unwrap().state.accounts().count(), count);
    // What fails at its end fails from its beginning.
    storage.begin().unwrap();
    let mut next = position;
    for number in 0..MAX_QUEUED {
        next = write(&mut storage, (count + number) as u128 + 1, next);
    }
    let (entry, change) = account(1, next);
    storage.write(&entry, &change).unwrap();
    let refused = storage.commit(Position { revision: entry.revision, digest: entry.digest, ..next });
    assert!(matches!(refused, Err(Unavailable::Storage { .. })), "{refused:?}");
    assert_eq!(storage.position(), Ok(position));
    assert_eq!(database.sql("SELECT count(*) FROM account").unwrap(), count.to_string());
}

#[test]
fn what_is_updated_together_is_as_it_would_be_one_by_one() {
    const COUNT: u128 = 150;
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    write_orgs(&mut storage, COUNT);
    let mut position = storage.begin().unwrap();
    for number in 1..=COUNT {
        position = write_change(&mut storage, &renaming(number, "New", &format!("Org {number}")), position);
        if number.is_multiple_of(7) {
            let again = renaming(number, &format!("Org {number}"), &format!("Again {number}"));
            position = write_change(&mut storage, &again, position);
        }
    }
    storage.commit(position).unwrap();
    let view = storage.load().unwrap();
    assert_eq!(view.position, position);
    for number in 1..=COUNT {
        let name = if number.is_multiple_of(7) { format!("Again {number}") } else { format!("Org {number}") };
        let wanted = org(number, &name);
        assert_eq!(view.state.org(wanted.id).map(AsRef::as_ref), Some(&wanted));
    }
}

#[test]
fn one_row_that_is_gone_takes_all_with_it_that_were_to_be_updated() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    let before = write_orgs(&mut storage, 20);
    let gone = Uuid::from_u128(13);
    database.sql(&format!("DELETE FROM org WHERE id = '{gone}'")).unwrap();
    let mut position = storage.begin().unwrap();
    for number in 1..=20 {
        position = write_change(&mut storage, &renaming(number, "New", "Old"), position);
    }
    let cause = "0 rows of org have the id of one entity".to_owned();
    assert_eq!(storage.commit(position), Err(Unavailable::Storage { cause }));
    assert_eq!(storage.position(), Ok(before));
    assert_eq!(database.sql("SELECT count(*) FROM org WHERE name = 'Old'").unwrap(), "0");
}

#[test]
fn the_seats_that_come_with_a_commit_were_read_after_it() {
    let database = database();
    let mut storage = Postgres::create(&address_of(&database)).unwrap();
    // Somebody sits down at the last moment: when the commit is all but done.
    let late = Seat::taken_by(ReplicaId::new(Uuid::from_u128(7)), Duration::from_secs(2));
    let sit_down = format!(
        "CREATE FUNCTION sit_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO replica (id, turn, lease_us, epoch, revision) VALUES ('{}', 0, 2000000, 1, 0); \
         RETURN NULL; END $$",
        late.replica
    );
    database.sql(&sit_down).unwrap();
    database
        .sql(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON change DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION sit_down()",
        )
        .unwrap();
    let position = storage.begin().unwrap();
    let position = write(&mut storage, 1, position);
    let call = storage.commit_and_call(position).unwrap().unwrap();
    assert_eq!((call.after, call.seats), (Some(position), vec![late]));
    assert!(call.asked <= call.answered);
}

#[test]
fn what_a_column_holds_is_what_its_table_says() {
    let database = database();
    drop(Postgres::create(&address_of(&database)).unwrap());
    let rows = |sql: &str| -> Vec<String> { database.sql(sql).unwrap().lines().map(str::to_owned).collect() };
    let columns =
        rows("SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns");
    let unique = rows(
        "SELECT u.table_name || '.' || u.column_name FROM information_schema.table_constraints t \
         JOIN information_schema.constraint_column_usage u USING (constraint_name) WHERE t.constraint_type = 'UNIQUE'",
    );
    let mut checked = 0;
    macro_rules! each {
        ($($record:ty),+) => { $(
            for (name, kind) in <$record>::CHANGING {
                let column = format!("{}.{name}", <$record>::TABLE);
                let data = if *kind == Kind::Number { "bigint" } else { "text" };
                assert!(columns.contains(&format!("{column} {data}")), "{column} is no {data}");
                assert_eq!(unique.contains(&column), *kind == Kind::UniqueText, "{column}");
                checked += 1;
            }
        )+ };
    }
    record_tables!(each);
    assert!(checked >= 20);
}
