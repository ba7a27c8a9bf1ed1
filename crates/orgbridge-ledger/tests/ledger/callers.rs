//! Callers who go on while a server has trouble, and what they were told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_domain::{OrgId, org};
use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::{CommitError, DatabaseAddress, Unavailable};

use crate::story::{OPERATOR, Story};

/// How long a call may take that finds no server: for what it asks itself, and for finding out what became of it.
pub(crate) const BOUND: Duration = Duration::from_secs(12);

/// Gives an org a name.
pub(crate) fn rename(story: &Story, org: OrgId, name: &str) -> Result<(), CommitError> {
    let name = name.to_owned();
    let renamed = story.commit_as(OPERATOR, move |session, now| {
        org::rename(&session.authorize_in(org)?, name.parse().unwrap(), now)
    });
    renamed.map(drop)
}

/// What became of many calls, each of which gave a name that no other gave.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) kept: BTreeSet<String>,
    pub(crate) refused: BTreeSet<String>,
    pub(crate) uncertain: BTreeSet<String>,
}

/// Has several callers rename an org over and over while `disturb` runs, and says what they were told.
pub(crate) fn under_load(story: &Story, disturb: impl FnOnce()) -> Outcomes {
    const CALLERS: usize = 4;
    let outcomes = Mutex::new(Outcomes::default());
    let is_over = AtomicBool::new(false);
    let call = |caller: usize| {
        for number in 0.. {
            let name = format!("caller {caller} call {number}");
            let renamed = rename(story, story.source.id, &name);
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            match renamed {
                Ok(()) => outcomes.kept.insert(name),
                Err(CommitError::Unavailable(Unavailable::Uncertain)) => outcomes.uncertain.insert(name),
                Err(_) => outcomes.refused.insert(name),
            };
            drop(outcomes);
            if is_over.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            scope.spawn(move || call(caller));
        }
        // Also where it panics, the callers come to their end.
        let ends = Ends(&is_over);
        disturb();
        drop(ends);
    });
    outcomes.into_inner().unwrap()
}

struct Ends<'f>(&'f AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Everything that was acknowledged is in the history, and nothing that was refused.
pub(crate) fn assert_history(address: &DatabaseAddress, outcomes: &Outcomes) {
    let log = AuditLog::open(address).unwrap();
    assert_eq!(log.verify(None).unwrap().findings, []);
    let entries = log.entries(&Query { entity: Some("org".to_owned()), ..Query::default() }).unwrap();
    let names: BTreeSet<String> = entries
        .iter()
        .map(|entry| {
            let row: serde_json::Value = serde_json::from_str(entry.after.as_deref().unwrap()).unwrap();
            row["name"].as_str().unwrap().to_owned()
        })
        .collect();
    let lost: Vec<_> = outcomes.kept.difference(&names).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let undead: Vec<_> = outcomes.refused.intersection(&names).collect();
    assert!(undead.is_empty(), "refused and there: {undead:?}");
    assert!(outcomes.kept.len() > 10, "there was something to lose");
}

/// Waits, for at most half a minute, until the ledger keeps changes again.
pub(crate) fn wait_until_it_works(story: &Story) {
    let began = Instant::now();
    while let Err(error) = rename(story, story.sink.id, "It works") {
        assert!(began.elapsed() < Duration::from_secs(30), "{error:?}");
        thread::sleep(Duration::from_millis(50));
    }
    story.wait_until(|_| story.ledger.health().is_ok() && story.ledger.fresh_view().is_ok());
}
