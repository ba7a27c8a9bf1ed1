//! Histories written by hand: one pair of orgs, times in milliseconds.

use std::ops::Range;
use std::time::Duration;

use orgbridge_chaos::{
    Answer, Ask, Effect, Entry, Fact, History, Kind, Operation, Pair, Promises, Recorded, Replica, Rule,
    Span, check,
};

pub(crate) const PAIR: Pair = Pair { source: 0, sink: 1 };

pub(crate) const PROMISES: Promises = Promises { max_staleness: Duration::from_secs(2) };

/// A history to which calls are added. What is said of a call after it was added is said of the latest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    operations: Vec<Operation>,
    log: Vec<Entry>,
}

pub(crate) fn span(milliseconds: Range<u64>) -> Span {
    let moment = Duration::from_millis;
    Span { begin: moment(milliseconds.start), end: moment(milliseconds.end) }
}

impl Story {
    pub(crate) fn call(mut self, at: Range<u64>, ask: Ask, answer: Answer) -> Self {
        self.operations.push(Operation {
            client: 0,
            replica: Replica { number: 0, life: 0 },
            span: span(at),
            ask,
            at_least: None,
            answer,
            revision: None,
        });
        self
    }

    /// The pair is to share `kinds`. The log tells of it if it is done.
    pub(crate) fn share(self, at: Range<u64>, kinds: &[Kind], answer: Answer) -> Self {
        self.change(at, Effect::of_sharing(PAIR, kinds).collect(), answer)
    }

    pub(crate) fn change(self, at: Range<u64>, effects: Vec<Effect>, answer: Answer) -> Self {
        let request = format!("request-{}", self.operations.len());
        let is_done = answer == Answer::Done;
        let story = self.call(at, Ask::Change { request, effects, recorded: Recorded::Always }, answer);
        if is_done { story.logged() } else { story }
    }

    /// Somebody asks whether the pair shares logs.
    pub(crate) fn see(self, at: Range<u64>, logs: bool) -> Self {
        self.look(at, Fact::Shares(PAIR, Kind::Logs), logs)
    }

    pub(crate) fn look(self, at: Range<u64>, fact: Fact, value: bool) -> Self {
        self.call(at, Ask::Look(vec![fact]), Answer::Seen(vec![value]))
    }

    /// The call was made at this replica.
    pub(crate) fn at(mut self, number: usize) -> Self {
        self.latest().replica.number = number;
        self
    }

    /// The call was made by this client.
    pub(crate) fn by(mut self, client: usize) -> Self {
        self.latest().client = client;
        self
    }

    /// The answer says this revision.
    pub(crate) fn says(mut self, revision: u64) -> Self {
        self.latest().revision = Some(revision);
        self
    }

    /// The answer was to know this revision.
    pub(crate) fn at_least(mut self, revision: u64) -> Self {
        self.latest().at_least = Some(revision);
        self
    }

    /// The change may be missing in the log if everything was so already, and is missing.
    pub(crate) fn unless_so(mut self) -> Self {
        if let Ask::Change { recorded, .. } = &mut self.latest().ask {
            *recorded = Recorded::UnlessItWasSo;
        }
        self.unlogged()
    }

    /// The log tells of the change next.
    pub(crate) fn logged(mut self) -> Self {
        let Ask::Change { request, effects, .. } = self.latest().ask.clone() else {
            panic!("the log tells of changes")
        };
        let revision = self.log.last().map_or(0, |entry| entry.revision) + 1;
        self.log.push(Entry { revision, request, effects });
        self
    }

    /// The log lacks its latest entry.
    pub(crate) fn unlogged(mut self) -> Self {
        self.log.pop();
        self
    }

    /// The log's latest entry is another.
    pub(crate) fn log_says(mut self, alter: impl FnOnce(&mut Entry)) -> Self {
        alter(self.log.last_mut().unwrap());
        self
    }

    /// The log tells of the latest change of `earlier` next.
    pub(crate) fn also_logs(mut self, earlier: &Self) -> Self {
        let mut late = Self { operations: earlier.operations.clone(), log: std::mem::take(&mut self.log) };
        late = late.logged();
        Self { log: late.log, ..self }
    }

    fn latest(&mut self) -> &mut Operation {
        self.operations.last_mut().unwrap()
    }

    /// The rules that are broken, as far as the log says.
    pub(crate) fn broken(self) -> Vec<Rule> {
        broken(&History { operations: self.operations, log: Some(self.log) })
    }

    /// The same without a log.
    pub(crate) fn broken_without_log(self) -> Vec<Rule> {
        broken(&History { operations: self.operations, log: None })
    }
}

fn broken(history: &History) -> Vec<Rule> {
    check(history, PROMISES).into_iter().map(|violation| violation.rule).collect()
}
