//! `orgbridge account`: the customers of a deployment.

use clap::Subcommand;
use orgbridge_domain::{Account, AccountId, Name, account};

use super::context::Context;
use crate::failure::Failure;
use crate::printer::record;
use crate::random;

/// Lists and makes accounts: customers, whose orgs can be connected with each other and with no others.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Lists every account.
    #[command(after_help = "Example:\n  orgbridge account list --output json")]
    List,
    /// Makes an account. Its first org manages those that follow.
    #[command(after_help = "Example:\n  orgbridge account create \"Example Account\"")]
    Create {
        /// What people will call it; no two accounts have one name.
        name: Name,
        /// Its id, a UUID; made where none is given.
        #[arg(long)]
        id: Option<AccountId>,
    },
}

record! {
    /// An account as the command line shows it.
    AccountRecord {
        id: String,
        name: String,
        created_at: String,
    }
}

impl From<&Account> for AccountRecord {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.to_string(),
            created_at: account.created_at.to_string(),
        }
    }
}

impl AccountCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        match self {
            Self::List => {
                let view = operator.view();
                let mut accounts: Vec<&Account> = view.state.accounts().map(|account| &**account).collect();
                accounts.sort_by_key(|account| (account.created_at, account.id));
                let records: Vec<AccountRecord> = accounts.into_iter().map(AccountRecord::from).collect();
                context.printer.all(&records)
            }
            Self::Create { name, id } => {
                let id = id.map_or_else(|| random::id().map(AccountId::new), Ok)?;
                let account = operator.commit(move |session, now| {
                    account::create(&session.deployment()?, id, name.clone(), now)
                })?;
                context.printer.one(&AccountRecord::from(&account))
            }
        }
    }
}
