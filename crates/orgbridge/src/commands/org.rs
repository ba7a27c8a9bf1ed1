//! `orgbridge org`: who owns telemetry, and who is shown some of it.

use clap::Subcommand;
use orgbridge_domain::org::{self, NewOrg};
use orgbridge_domain::{AccountId, Name, Org, OrgId, PublicId, Site, State};

use super::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::operator::Operator;
use crate::printer::record;
use crate::random;

/// Lists, makes and changes orgs. An ORG is named by its id, its public id, or its name where only one has it.
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Lists orgs, oldest first.
    #[command(
        after_help = "Examples:\n  orgbridge org list\n  orgbridge org list --account \"Example Account\" --output json"
    )]
    List {
        /// Only those of this account, named by id or name.
        #[arg(long)]
        account: Option<String>,
    },
    /// Makes an org.
    #[command(after_help = "\
Examples:
  orgbridge org create \"Sink Org\" --account \"Example Account\"
  orgbridge org create \"Overseas Org\" --site datadoghq.eu")]
    Create {
        /// What people will call it.
        name: Name,
        /// The account that it joins, by id or name; may be left out where there is only one.
        #[arg(long)]
        account: Option<String>,
        /// The site on which it lives, for good; its API is asked at api.SITE.
        #[arg(long, default_value_t)]
        site: Site,
        /// Its id, a UUID; made where none is given.
        #[arg(long)]
        id: Option<OrgId>,
        /// Its short id; the id itself where none is given.
        #[arg(long)]
        public_id: Option<PublicId>,
    },
    /// Shows an org.
    #[command(after_help = "Example:\n  orgbridge org show \"Sink Org\"")]
    Show {
        /// Its id, public id or name.
        org: String,
    },
    /// Gives an org a new name.
    #[command(after_help = "Example:\n  orgbridge org rename \"Sink Org\" \"Security Team\"")]
    Rename {
        /// Its id, public id or name.
        org: String,
        /// What people will call it from now on.
        name: Name,
    },
    /// Switches an org off: its keys don't work, and its connections grant nothing.
    #[command(after_help = "Example:\n  orgbridge org disable \"Sink Org\"")]
    Disable {
        /// Its id, public id or name.
        org: String,
    },
    /// Switches an org on again.
    #[command(after_help = "Example:\n  orgbridge org enable \"Sink Org\"")]
    Enable {
        /// Its id, public id or name.
        org: String,
    },
}

record! {
    /// An org as the command line shows it.
    OrgRecord {
        id: String,
        public_id: String,
        name: String,
        account: String,
        site: String,
        disabled: bool,
        created_at: String,
        ;
        modified_at: String,
    }
}

impl OrgRecord {
    fn of(state: &State, org: &Org) -> Self {
        Self {
            id: org.id.to_string(),
            public_id: org.public_id.to_string(),
            name: org.name.to_string(),
            account: state.account(org.account).map(|account| account.name.to_string()).unwrap_or_default(),
            site: org.site.to_string(),
            disabled: org.disabled,
            created_at: org.created_at.to_string(),
            modified_at: org.modified_at.to_string(),
        }
    }
}

impl OrgCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let changed = match self {
            Self::List { account } => return list(context, &operator, account.as_deref()),
            Self::Show { org } => Org::clone(names::org(&operator.view().state, &org)?),
            Self::Create { name, account, site, id, public_id } => {
                let account = account_of_new_org(&operator.view().state, account.as_deref())?;
                let id = id.map_or_else(|| random::id().map(OrgId::new), Ok)?;
                let new = NewOrg { id, account, site, public_id, name };
                operator.commit(move |session, now| org::create(&session.deployment()?, new.clone(), now))?
            }
            Self::Rename { org, name } => {
                let id = names::org(&operator.view().state, &org)?.id;
                operator
                    .commit(move |session, now| org::rename(&session.authorize_in(id)?, name.clone(), now))?
            }
            Self::Disable { org } => set_disabled(&operator, &org, true)?,
            Self::Enable { org } => set_disabled(&operator, &org, false)?,
        };
        context.printer.one(&OrgRecord::of(&operator.view().state, &changed))
    }
}

fn list(context: &Context, operator: &Operator, account: Option<&str>) -> Result<(), Failure> {
    let view = operator.view();
    let account = account.map(|named| names::account(&view.state, named)).transpose()?;
    let mut orgs: Vec<&Org> = match account {
        Some(account) => view.state.orgs_of(account.id).map(|org| &**org).collect(),
        None => view.state.orgs().map(|org| &**org).collect(),
    };
    orgs.sort_by_key(|org| (org.created_at, org.id));
    let records: Vec<OrgRecord> = orgs.into_iter().map(|org| OrgRecord::of(&view.state, org)).collect();
    context.printer.all(&records)
}

fn account_of_new_org(state: &State, named: Option<&str>) -> Result<AccountId, Failure> {
    if let Some(named) = named {
        return Ok(names::account(state, named)?.id);
    }
    let mut accounts = state.accounts();
    match (accounts.next(), accounts.next()) {
        (Some(only), None) => Ok(only.id),
        _ => Err(Failure::Usage("there is more than one account; say which with --account".to_owned())),
    }
}

fn set_disabled(operator: &Operator, named: &str, disabled: bool) -> Result<Org, Failure> {
    let id = names::org(&operator.view().state, named)?.id;
    operator.commit(move |session, now| org::set_disabled(&session.authorize_in(id)?, disabled, now))
}
