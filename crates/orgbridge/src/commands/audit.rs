//! `orgbridge audit`: what was changed, by whom, and whether the record can be trusted.

use clap::{Args, Subcommand};
use orgbridge_ledger::audit::{Anchor, AuditLog, Query, Verdict};
use orgbridge_ledger::{Actor, Entry, Revision};
use serde::Serialize;
use serde_json::value::RawValue;

use super::context::Context;
use crate::failure::Failure;
use crate::printer::Record;

/// Reads the audit log, and finds out whether somebody has tampered with it.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Lists changes, oldest first.
    #[command(
        after_help = "Examples:\n  orgbridge audit list --limit 20\n  orgbridge audit list --after 1000 --entity org_connection --output json"
    )]
    List(List),
    /// Follows the chain of digests through the whole log, and compares the log with what is kept.
    ///
    /// Prints where the ledger stands as REVISION:DIGEST. Whoever writes that down elsewhere and gives it as
    /// --anchor the next time will also see if the history was cut off or written anew.
    #[command(
        after_help = "Examples:\n  orgbridge audit verify\n  orgbridge audit verify --anchor 42:8e0b…\n\nExit code 1 if anything was found."
    )]
    Verify {
        /// A point that the history must pass through, as an earlier run printed it.
        #[arg(long, value_name = "REVISION:DIGEST")]
        anchor: Option<Anchor>,
    },
}

/// Which changes are wanted.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only changes after this revision.
    #[arg(long, value_name = "REVISION", default_value_t = 0)]
    after: u64,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    limit: u32,
    /// Only changes of this kind of thing, such as `org_connection` or `org`.
    #[arg(long, value_name = "KIND")]
    entity: Option<String>,
    /// Only changes of the thing with this id.
    #[arg(long, value_name = "ID")]
    entity_id: Option<String>,
    /// Only changes made by the user with this id.
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
}

/// A change as the command line shows it. Tables leave out the rows themselves.
#[derive(Debug, Serialize)]
pub(super) struct EntryRecord<'e> {
    revision: u64,
    at: String,
    actor: ActorRecord<'e>,
    request_id: &'e str,
    action: &'static str,
    entity: &'e str,
    entity_id: &'e str,
    before: Option<&'e RawValue>,
    after: Option<&'e RawValue>,
    digest: String,
}

#[derive(Debug, Serialize)]
struct ActorRecord<'e> {
    kind: &'e str,
    org_id: Option<&'e str>,
    user_id: Option<&'e str>,
    credential: Option<&'e str>,
}

impl<'e> From<&'e Actor> for ActorRecord<'e> {
    fn from(actor: &'e Actor) -> Self {
        Self {
            kind: &actor.kind,
            org_id: actor.org_id.as_deref(),
            user_id: actor.user_id.as_deref(),
            credential: actor.credential.as_deref(),
        }
    }
}

impl<'e> From<&'e Entry> for EntryRecord<'e> {
    fn from(entry: &'e Entry) -> Self {
        // A row that somebody has spoilt is left out here; verifying the log reports it.
        let row = |text: &'e Option<String>| text.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            revision: entry.revision.get(),
            at: entry.at.to_string(),
            actor: ActorRecord::from(&entry.actor),
            request_id: &entry.request_id,
            action: match (&entry.before, &entry.after) {
                (None, _) => "create",
                (Some(_), Some(_)) => "update",
                (Some(_), None) => "delete",
            },
            entity: &entry.entity,
            entity_id: &entry.entity_id,
            before: row(&entry.before),
            after: row(&entry.after),
            digest: entry.digest.to_string(),
        }
    }
}

impl EntryRecord<'_> {
    /// The change as a line of a report.
    pub(super) fn in_words(&self) -> String {
        let Self { revision, at, request_id, action, entity, entity_id, .. } = self;
        format!("  {revision}  {at}  {action} {entity} {entity_id}, by request {request_id}")
    }
}

impl Record for EntryRecord<'_> {
    const COLUMNS: &'static [&'static str] =
        &["revision", "at", "actor", "request_id", "action", "entity", "entity_id"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.revision.to_string(),
            self.at.clone(),
            self.actor.user_id.unwrap_or(self.actor.kind).to_owned(),
            self.request_id.to_owned(),
            self.action.to_owned(),
            self.entity.to_owned(),
            self.entity_id.to_owned(),
        ]
    }
}

/// What came of verifying the log.
#[derive(Debug, Serialize)]
struct VerdictRecord {
    verified: bool,
    epoch: u64,
    revision: u64,
    anchor: String,
    findings: Vec<String>,
}

impl AuditCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let log = AuditLog::open(context.database()?)?;
        match self {
            Self::List(list) => list.run(context, &log),
            Self::Verify { anchor } => show(context, &log.verify(anchor)?),
        }
    }
}

impl List {
    fn run(self, context: &Context, log: &AuditLog) -> Result<(), Failure> {
        let Self { after, limit, entity, entity_id, user_id } = self;
        let query = Query { after: Revision::new(after), entity, entity_id, user_id, limit: Some(limit) };
        let entries = log.entries(&query)?;
        let records: Vec<EntryRecord<'_>> = entries.iter().map(EntryRecord::from).collect();
        context.printer.all(&records)?;
        if let Some(last) = entries.last()
            && entries.len() >= limit as usize
        {
            context.printer.note(&format!("there may be more: continue with --after {}", last.revision));
        }
        Ok(())
    }
}

fn show(context: &Context, verdict: &Verdict) -> Result<(), Failure> {
    let Verdict { position, findings } = verdict;
    let anchor = Anchor { revision: position.revision, digest: position.digest };
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let (count, verified) = (findings.len(), findings.is_empty());
    let text =
        if verified { format!("the log is whole; it stands at {anchor}") } else { findings.join("\n") };
    let (epoch, revision) = (position.epoch.get(), position.revision.get());
    let record = VerdictRecord { verified, epoch, revision, anchor: anchor.to_string(), findings };
    context.printer.report(&record, &text)?;
    if verified { Ok(()) } else { Err(Failure::Failed(format!("the log can't be trusted: {count} found"))) }
}
