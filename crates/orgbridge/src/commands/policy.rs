//! `orgbridge policy`: who of an org may see, use and edit a connection.

use clap::{Args, Subcommand};
use orgbridge_domain::restriction_policy::{self, Binding, Bindings, Relation, SelfLockout, Subject};
use orgbridge_domain::{ConnectionId, OrgId, Principal, Session, State};
use orgbridge_ledger::{Clock as _, SystemClock};

use super::context::Context;
use crate::failure::Failure;
use crate::names::{self, NotNamed};
use crate::printer::record;

/// Shows and says who of an org may see, use and edit a connection of it. Each side of a connection says so of its own
/// users. Where it says nothing, permissions are all that is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Shows what an org says about a connection.
    #[command(
        after_help = "Example:\n  orgbridge policy show f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a --org \"Sink Org\""
    )]
    Show(Place),
    /// Says who may do what, in place of all that was said before. Who is not named may nothing.
    #[command(
        after_help = "Examples:\n  orgbridge policy set f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a --org \"Sink Org\" --editor role:Admin --viewer user:jane@example.com\n  orgbridge policy set f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a --org \"Source Org\" --editor role:Admin --viewer org"
    )]
    Set(Set),
    /// Takes back what an org says about a connection.
    #[command(
        after_help = "Example:\n  orgbridge policy delete f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a --org \"Sink Org\""
    )]
    Delete(Place),
}

/// Which policy is meant.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The id of the connection.
    connection: ConnectionId,
    /// The org that says it, the source or the sink; by id, public id or name.
    #[arg(long)]
    org: String,
}

/// What is to be said.
#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    place: Place,
    /// Who may see, change and delete it, and this policy: org, role:ROLE or user:USER; may be repeated.
    #[arg(long = "editor", value_name = "WHO", required_unless_present = "viewers")]
    editors: Vec<String>,
    /// Who may see it and, in the sink, use it: org, role:ROLE or user:USER; may be repeated. Editors may, too.
    #[arg(long = "viewer", value_name = "WHO")]
    viewers: Vec<String>,
}

record! {
    /// A restriction policy as the command line shows it.
    PolicyRecord {
        connection: String,
        org: String,
        restricted: bool,
        editors: Vec<String>,
        viewers: Vec<String>,
        ;
        org_id: String,
    }
}

impl PolicyRecord {
    /// What `org` says about `connection`.
    fn of(state: &State, org: OrgId, connection: ConnectionId) -> Self {
        let policy = state.restriction_policy_of(org, connection);
        let bound = |relation| {
            let bindings = policy.map(|policy| policy.bindings.as_slice()).unwrap_or_default();
            let binding = bindings.iter().find(|binding| binding.relation == relation);
            let subjects = binding.into_iter().flat_map(|binding| &binding.subjects);
            subjects.map(|subject| names::of_subject(state, *subject)).collect()
        };
        Self {
            connection: connection.to_string(),
            org: state.org(org).map(|org| org.name.to_string()).unwrap_or_default(),
            restricted: policy.is_some(),
            editors: bound(Relation::Editor),
            viewers: bound(Relation::Viewer),
            org_id: org.to_string(),
        }
    }
}

impl PolicyCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let view = operator.view();
        let (Self::Show(place) | Self::Delete(place) | Self::Set(Set { place, .. })) = &self;
        let (org, connection) = (names::org(&view.state, &place.org)?.id, place.connection);
        match self {
            Self::Show(_) => {
                // Whether the org is on a side of such a connection.
                let session = Session::new(&view.state, Principal::Operator, SystemClock.now());
                restriction_policy::read(&session.authorize_in(org)?, connection)?;
            }
            Self::Set(set) => {
                let bindings = set.bindings(&view.state, org)?;
                operator.commit(move |session, _| {
                    let grant = session.authorize_in(org)?;
                    restriction_policy::replace(&grant, connection, bindings.clone(), SelfLockout::Allowed)
                })?;
            }
            Self::Delete(_) => operator.commit(move |session, _| {
                restriction_policy::delete(&session.authorize_in(org)?, connection)
            })?,
        }
        context.printer.one(&PolicyRecord::of(&operator.view().state, org, connection))
    }
}

impl Set {
    fn bindings(&self, state: &State, org: OrgId) -> Result<Bindings, Failure> {
        let bindings = [(Relation::Editor, &self.editors), (Relation::Viewer, &self.viewers)].into_iter();
        let given = bindings.filter(|(_, named)| !named.is_empty());
        let binding = |(relation, named): (Relation, &Vec<String>)| {
            let subjects = named.iter().map(|named| names::subject(state, org, named));
            Ok(Binding { relation, subjects: subjects.collect::<Result<Vec<Subject>, NotNamed>>()? })
        };
        let bindings = given.map(binding).collect::<Result<_, NotNamed>>()?;
        Bindings::new(bindings).map_err(|problem| Failure::Usage(problem.in_words()))
    }
}
