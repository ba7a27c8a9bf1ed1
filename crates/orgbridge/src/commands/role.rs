//! `orgbridge role`: named sets of permissions.

use clap::Subcommand;
use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{ManagedRole, Name, Permission, PermissionSet, RoleId};

use super::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::printer::record;
use crate::random;

/// Lists, makes and deletes the roles of an org.
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Lists the roles that users of an org may hold: those that every org has, and its own.
    #[command(after_help = "Example:\n  orgbridge role list --org \"Source Org\"")]
    List {
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Makes a role.
    #[command(
        after_help = "Example:\n  orgbridge role create Auditor --org \"Source Org\" --permission org_connections_read --permission audit_logs_read"
    )]
    Create {
        /// What people will call it; no two roles of an org have one name.
        name: Name,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
        /// A permission that it gives; may be repeated.
        #[arg(long = "permission", required = true, value_name = "PERMISSION")]
        permissions: Vec<Permission>,
        /// Its id, a UUID; made where none is given.
        #[arg(long)]
        id: Option<RoleId>,
    },
    /// Deletes a role that nobody holds.
    #[command(after_help = "Example:\n  orgbridge role delete Auditor --org \"Source Org\"")]
    Delete {
        /// Its id or name.
        role: String,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
}

record! {
    /// A role as the command line shows it.
    RoleRecord {
        id: String,
        name: String,
        managed: bool,
        permissions: Vec<String>,
    }
}

impl From<RoleView<'_>> for RoleRecord {
    fn from(role: RoleView<'_>) -> Self {
        Self {
            id: role.id().to_string(),
            name: role.name().to_owned(),
            managed: ManagedRole::with_id(role.id()).is_some(),
            permissions: role.permissions().iter().map(|permission| permission.to_string()).collect(),
        }
    }
}

impl RoleCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let view = operator.view();
        let role = match self {
            Self::List { org } => {
                let org = names::org(&view.state, &org)?.id;
                let records: Vec<RoleRecord> = role::all(&view.state, org).map(RoleRecord::from).collect();
                return context.printer.all(&records);
            }
            Self::Create { name, org, permissions, id } => {
                let org = names::org(&view.state, &org)?.id;
                let id = id.map_or_else(|| random::id().map(RoleId::new), Ok)?;
                let permissions: PermissionSet = permissions.into_iter().collect();
                operator.commit(move |session, now| {
                    role::create(&session.authorize_in(org)?, id, name.clone(), permissions, now)
                })?
            }
            Self::Delete { role, org } => {
                let org = names::org(&view.state, &org)?.id;
                let id = names::role(&view.state, org, &role)?.id();
                operator.commit(move |session, _| role::delete(&session.authorize_in(org)?, id))?
            }
        };
        context.printer.one(&RoleRecord::from(RoleView::Custom(&role)))
    }
}
