//! Whoever alters history is found out. Hardening, 22.

use orgbridge_ledger::audit::{Anchor, AuditLog, Finding, Query};
use orgbridge_ledger::{CommitError, Ledger, LedgerOptions, Revision, Unavailable};

use crate::backend::Backend;
use crate::story::{Story, types};

/// A closed ledger with a history, and a way to tamper with it.
struct Crime<B> {
    place: B,
    story: Story,
}

impl<B: Backend> Crime<B> {
    fn scene() -> Self {
        let place = B::default();
        let story = Story::begin(Ledger::create(&place.address(), LedgerOptions::default()).unwrap());
        let shared = story.connect(types("logs"));
        story.update(shared.id, types("logs,metrics")).unwrap();
        story.update(shared.id, types("audit")).unwrap();
        story.ledger.close();
        Self { place, story }
    }

    fn commit(&self, sql: &str) {
        self.place.tamper(sql);
    }

    fn last(&self) -> u64 {
        self.story.ledger.view().position.revision.get()
    }

    fn findings(&self, anchor: Option<Anchor>) -> Vec<Finding> {
        AuditLog::open(&self.place.address()).unwrap().verify(anchor).unwrap().findings
    }
}

fn an_untouched_history_has_no_findings<B: Backend>() {
    let crime = Crime::<B>::scene();
    let position = crime.story.ledger.view().position;
    let anchor = Anchor { revision: position.revision, digest: position.digest };
    assert_eq!(crime.findings(Some(anchor)), []);
    assert_eq!(anchor.to_string().parse(), Ok(anchor));
}

fn an_edited_entry_is_named<B: Backend>() {
    for column in ["at_us = at_us + 1", "actor_user_id = NULL", "request_id = 'x'", "row_before = '{}'"] {
        let crime = Crime::<B>::scene();
        let edited = Revision::new(crime.last() - 1);
        crime.commit(&format!("UPDATE change SET {column} WHERE revision = {edited}"));
        assert!(crime.findings(None).contains(&Finding::Altered(edited)), "{column}");
    }
}

fn a_deleted_entry_is_named<B: Backend>() {
    let crime = Crime::<B>::scene();
    let (deleted, next) = (Revision::new(crime.last() - 1), Revision::new(crime.last()));
    crime.commit(&format!("DELETE FROM change WHERE revision = {deleted}"));
    assert!(crime.findings(None).contains(&Finding::Missing { first: deleted, next }));
}

fn reordered_entries_are_named<B: Backend>() {
    let crime = Crime::<B>::scene();
    let (one, other) = (crime.last() - 1, crime.last());
    crime.commit(&format!(
        "UPDATE change SET revision = 1000 WHERE revision = {one};
         UPDATE change SET revision = {one} WHERE revision = {other};
         UPDATE change SET revision = {other} WHERE revision = 1000;"
    ));
    let findings = crime.findings(None);
    assert!(findings.contains(&Finding::Altered(Revision::new(one))), "{findings:?}");
    assert!(findings.contains(&Finding::Altered(Revision::new(other))), "{findings:?}");
}

fn a_truncated_history_is_named<B: Backend>() {
    let crime = Crime::<B>::scene();
    let (last, expected) = (Revision::new(crime.last() - 1), Revision::new(crime.last()));
    crime.commit(&format!("DELETE FROM change WHERE revision = {expected}"));
    assert!(crime.findings(None).contains(&Finding::Truncated { last, expected }));
}

fn a_row_altered_behind_the_log_is_named<B: Backend>() {
    let crime = Crime::<B>::scene();
    crime.commit("UPDATE org_connection SET connection_types = 'logs,metrics,audit'");
    let findings = crime.findings(None);
    assert!(matches!(&findings[..], [Finding::TableDiffers { table: "org_connection", .. }]), "{findings:?}");
}

fn a_row_added_or_removed_behind_the_log_is_named<B: Backend>() {
    let added = Crime::<B>::scene();
    added.commit("UPDATE org_connection SET id = '00000000-0000-0000-0000-0000000000ff'");
    assert_eq!(added.findings(None).len(), 2, "the one that is gone and the one that has come");
}

fn what_can_not_be_read_is_named_and_the_rest_is_looked_at_all_the_same<B: Backend>() {
    let crime = Crime::<B>::scene();
    let edited = Revision::new(2);
    crime.commit(
        "UPDATE org_connection SET connection_types = 'everything';
         UPDATE change SET request_id = 'x' WHERE revision = 2;
         UPDATE change SET digest = replace(digest, substr(digest, 1, 1), 'z') WHERE revision = 4;",
    );
    let findings = crime.findings(None);
    assert!(findings.contains(&Finding::Altered(edited)), "{findings:?}");
    assert!(findings.contains(&Finding::Unreadable(Revision::new(4))), "{findings:?}");
    let named =
        |finding: &Finding| matches!(finding, Finding::TableUnreadable(text) if text.contains("everything"));
    assert!(findings.iter().any(named), "{findings:?}");
}

fn a_history_cut_off_with_care_is_found_by_an_anchor_written_down_elsewhere<B: Backend>() {
    let crime = Crime::<B>::scene();
    let position = crime.story.ledger.view().position;
    let anchor = Anchor { revision: position.revision, digest: position.digest };
    let kept = position.revision.get() - 1;
    let entries = AuditLog::open(&crime.place.address()).unwrap().entries(&Query::default()).unwrap();
    let entry = entries.iter().find(|entry| entry.revision.get() == kept).unwrap();
    let row: serde_json::Value = serde_json::from_str(entry.after.as_deref().unwrap()).unwrap();
    let modified = row["modified_at_us"].as_i64().unwrap();
    crime.commit(&format!(
        "DELETE FROM change WHERE revision > {kept};
         UPDATE org_connection SET connection_types = 'logs,metrics', modified_at_us = {modified};
         UPDATE ledger SET revision = {kept},
             digest = (SELECT digest FROM change WHERE revision = {kept});"
    ));
    assert_eq!(crime.findings(None), [], "the chain alone can't show it");
    assert_eq!(crime.findings(Some(anchor)), [Finding::AnotherHistory(anchor)]);
}

/// The database itself refuses the entry here, and then the position, which is written after the rows and the entry.
fn a_change_whose_entry_can_not_be_written_is_not_made<B: Backend>() {
    for (action, table) in [("INSERT", "change"), ("UPDATE", "ledger")] {
        let crime = Crime::<B>::scene();
        crime.place.refuse(action, table);
        let ledger = Ledger::open(&crime.place.address(), LedgerOptions::default()).unwrap();
        let story = crime.story.through(ledger);
        let before = story.ledger.view();
        let shared = before.state.connections_of(story.source.id).next().unwrap().id;

        let refused = story.update(shared, types("logs"));

        assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Storage { .. }))), "{refused:?}");
        assert_eq!(story.ledger.view().position, before.position);
        assert_eq!(story.ledger.view().state.connection(shared).unwrap().types, types("audit"));
        story.ledger.close();
        crime.place.take_again(table);
        assert_eq!(crime.findings(None), [], "{action} {table}");
        let reopened = Ledger::open(&crime.place.address(), LedgerOptions::default()).unwrap();
        assert_eq!(reopened.view().position, before.position);
        assert_eq!(reopened.view().state.connection(shared).unwrap().types, types("audit"));
    }
}

crate::backend::on_each_database! {
    a_change_whose_entry_can_not_be_written_is_not_made
    an_untouched_history_has_no_findings
    an_edited_entry_is_named
    a_deleted_entry_is_named
    reordered_entries_are_named
    a_truncated_history_is_named
    a_row_altered_behind_the_log_is_named
    a_row_added_or_removed_behind_the_log_is_named
    what_can_not_be_read_is_named_and_the_rest_is_looked_at_all_the_same
    a_history_cut_off_with_care_is_found_by_an_anchor_written_down_elsewhere
}
