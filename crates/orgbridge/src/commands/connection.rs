//! `orgbridge connection`: which org lets which other org query what.

use clap::{Args, Subcommand};
use orgbridge_domain::org_connection::{self, NewOrgConnection};
use orgbridge_domain::{ConnectionId, ConnectionTypes, OrgConnection, Refusal, State, Verb};

use super::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::operator::Operator;
use crate::printer::record;
use crate::random;

/// Lists, makes and changes connections: the permission of one org that another may query its telemetry.
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionCommand {
    /// Lists connections, oldest first.
    #[command(
        after_help = "Examples:\n  orgbridge connection list\n  orgbridge connection list --org \"Sink Org\" --output json"
    )]
    List {
        /// Only those in which this org is source or sink; by id, public id or name.
        #[arg(long)]
        org: Option<String>,
    },
    /// Shows a connection.
    #[command(after_help = "Example:\n  orgbridge connection show f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a")]
    Show {
        /// Its id.
        id: ConnectionId,
    },
    /// Lets an org query what another owns.
    #[command(
        after_help = "Example:\n  orgbridge connection create --source \"Source Org\" --sink \"Sink Org\" --types logs,metrics --created-by jane@example.com"
    )]
    Create(Create),
    /// Replaces what a connection shares.
    #[command(
        after_help = "Example:\n  orgbridge connection update f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a --types logs"
    )]
    Update {
        /// Its id.
        id: ConnectionId,
        /// What it shares from now on: logs, metrics, audit, with commas between.
        #[arg(long, value_name = "TYPE,…")]
        types: ConnectionTypes,
    },
    /// Ends a connection.
    #[command(after_help = "Example:\n  orgbridge connection delete f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a")]
    Delete {
        /// Its id.
        id: ConnectionId,
    },
}

/// What a new connection is made from.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The org that owns the data; by id, public id or name.
    #[arg(long, value_name = "ORG")]
    source: String,
    /// The org that is shown some of it; another one of the same account.
    #[arg(long, value_name = "ORG")]
    sink: String,
    /// What it is shown: logs, metrics, audit, with commas between.
    #[arg(long, value_name = "TYPE,…")]
    types: ConnectionTypes,
    /// The user of the source org who makes it, by id or email address.
    #[arg(long, value_name = "USER")]
    created_by: String,
    /// Its id, a UUID; made where none is given.
    #[arg(long)]
    id: Option<ConnectionId>,
}

record! {
    /// A connection as the command line shows it.
    ConnectionRecord {
        id: String,
        source: String,
        sink: String,
        types: Vec<String>,
        created_by: String,
        created_at: String,
        ;
        source_id: String,
        sink_id: String,
        modified_at: String,
    }
}

impl ConnectionRecord {
    fn of(state: &State, connection: &OrgConnection) -> Self {
        let name = |org| state.org(org).map(|org| org.name.to_string()).unwrap_or_default();
        let creator = state.user(connection.created_by);
        Self {
            id: connection.id.to_string(),
            source_id: connection.source.to_string(),
            source: name(connection.source),
            sink_id: connection.sink.to_string(),
            sink: name(connection.sink),
            types: connection.types.as_slice().iter().map(ToString::to_string).collect(),
            created_by: creator.map(|user| user.email.to_string()).unwrap_or_default(),
            created_at: connection.created_at.to_string(),
            modified_at: connection.modified_at.to_string(),
        }
    }
}

impl ConnectionCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let view = operator.view();
        let source_of = |id, verb| {
            let connection = view.state.connection(id).ok_or(Refusal::NoConnection { id, verb });
            connection.map(|connection| connection.source)
        };
        let connection = match self {
            Self::List { org } => return list(context, &operator, org.as_deref()),
            Self::Show { id } => {
                let verb = Verb::Read;
                let found = view.state.connection(id).ok_or(Refusal::NoConnection { id, verb })?;
                OrgConnection::clone(found)
            }
            Self::Create(create) => create.run(context, &operator)?,
            Self::Update { id, types } => {
                let source = source_of(id, Verb::Update)?;
                operator.commit(move |session, now| {
                    org_connection::update(&session.authorize_in(source)?, id, types, now)
                })?
            }
            Self::Delete { id } => {
                let source = source_of(id, Verb::Delete)?;
                operator
                    .commit(move |session, _| org_connection::delete(&session.authorize_in(source)?, id))?
            }
        };
        context.printer.one(&ConnectionRecord::of(&operator.view().state, &connection))
    }
}

impl Create {
    fn run(self, context: &Context, operator: &Operator) -> Result<OrgConnection, Failure> {
        let view = operator.view();
        let source = names::org(&view.state, &self.source)?.id;
        let new = NewOrgConnection {
            id: self.id.map_or_else(|| random::id().map(ConnectionId::new), Ok)?,
            sink: names::org(&view.state, &self.sink)?.id,
            types: self.types,
            created_by: names::user(&view.state, source, &self.created_by)?.id,
        };
        let limits = context.limits();
        operator.commit(move |session, now| {
            org_connection::create(&session.authorize_in(source)?, new, limits, now)
        })
    }
}

fn list(context: &Context, operator: &Operator, org: Option<&str>) -> Result<(), Failure> {
    let view = operator.view();
    let state = &view.state;
    let mut connections: Vec<&OrgConnection> = match org {
        Some(named) => {
            let places = state.connections_of(names::org(state, named)?.id);
            let at = |pair: orgbridge_domain::Pair| state.connection_between(pair.source, pair.sink);
            places.filter_map(|place| at(place.pair)).map(|connection| &**connection).collect()
        }
        None => state.connections().map(|connection| &**connection).collect(),
    };
    connections.sort_by_key(|connection| (connection.created_at, connection.id));
    let of = |connection| ConnectionRecord::of(state, connection);
    context.printer.all(&connections.into_iter().map(of).collect::<Vec<_>>())
}
