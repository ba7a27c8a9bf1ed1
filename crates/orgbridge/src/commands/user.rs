//! `orgbridge user`: who acts in an org.

use clap::{Args, Subcommand};
use orgbridge_domain::user::{self, NewUser};
use orgbridge_domain::{Email, Name, OrgId, RoleId, State, User, UserId, UserKind, role};

use super::context::Context;
use crate::failure::Failure;
use crate::names::{self, NotNamed};
use crate::operator::Operator;
use crate::printer::record;
use crate::random;

/// Lists, makes and changes users. A USER is named by id or email address, within the org that --org names.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Lists the users of an org.
    #[command(after_help = "Example:\n  orgbridge user list --org \"Source Org\"")]
    List {
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Makes a user, or a service account: a user that is a program.
    #[command(
        after_help = "Examples:\n  orgbridge user create jane@example.com --org \"Source Org\" --name \"Jane Doe\" --role Admin\n  orgbridge user create ci@example.com --org \"Source Org\" --service-account --role \"Read Only\""
    )]
    Create(Create),
    /// Gives a user exactly these roles.
    #[command(
        after_help = "Example:\n  orgbridge user set-roles jane@example.com --org \"Source Org\" --role Standard --role Auditor"
    )]
    SetRoles {
        /// Their id or email address.
        user: String,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
        /// A role that they hold from now on, by id or name; may be repeated.
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Switches a user off: their keys don't work. Connections that they made stay, or are deleted where
    /// `policy.creator_disabled` is `delete`.
    #[command(after_help = "Example:\n  orgbridge user disable jane@example.com --org \"Source Org\"")]
    Disable {
        /// Their id or email address.
        user: String,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Switches a user on again.
    #[command(after_help = "Example:\n  orgbridge user enable jane@example.com --org \"Source Org\"")]
    Enable {
        /// Their id or email address.
        user: String,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
}

/// What a new user is made from.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Their email address, which is also their handle.
    email: Email,
    /// The org, by id, public id or name.
    #[arg(long)]
    org: String,
    /// What people will call them; their email address where no name is given.
    #[arg(long)]
    name: Option<Name>,
    /// A role that they hold, by id or name; may be repeated.
    #[arg(long = "role", value_name = "ROLE", default_value = "Standard")]
    roles: Vec<String>,
    /// Makes a service account.
    #[arg(long)]
    service_account: bool,
    /// Their id, a UUID; made where none is given.
    #[arg(long)]
    id: Option<UserId>,
}

record! {
    /// A user as the command line shows it.
    UserRecord {
        id: String,
        name: String,
        email: String,
        roles: Vec<String>,
        service_account: bool,
        disabled: bool,
        created_at: String,
        ;
        modified_at: String,
    }
}

impl UserRecord {
    fn of(state: &State, user: &User) -> Self {
        let role_name = |id: &RoleId| role::find(state, user.org, *id).map(|role| role.name().to_owned());
        Self {
            id: user.id.to_string(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            roles: user.roles.iter().filter_map(role_name).collect(),
            service_account: user.kind == UserKind::ServiceAccount,
            disabled: user.disabled,
            created_at: user.created_at.to_string(),
            modified_at: user.modified_at.to_string(),
        }
    }
}

impl UserCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let changed = match self {
            Self::List { org } => return list(context, &operator, &org),
            Self::Create(create) => create.run(&operator)?,
            Self::SetRoles { user, org, roles } => {
                let view = operator.view();
                let org = names::org(&view.state, &org)?.id;
                let id = names::user(&view.state, org, &user)?.id;
                let roles = role_ids(&view.state, org, &roles)?;
                operator.commit(move |session, now| {
                    user::set_roles(&session.authorize_in(org)?, id, roles.clone(), now)
                })?
            }
            Self::Disable { user, org } => set_disabled(context, &operator, (&org, &user), true)?,
            Self::Enable { user, org } => set_disabled(context, &operator, (&org, &user), false)?,
        };
        context.printer.one(&UserRecord::of(&operator.view().state, &changed))
    }
}

impl Create {
    fn run(self, operator: &Operator) -> Result<User, Failure> {
        let Self { email, org, name, roles, service_account, id } = self;
        let view = operator.view();
        let org = names::org(&view.state, &org)?.id;
        let new = NewUser {
            id: id.map_or_else(|| random::id().map(UserId::new), Ok)?,
            // An email address is held to all that a name is.
            name: name.or_else(|| email.as_str().parse().ok()).ok_or_else(|| {
                Failure::Usage("the email address can't serve as a name; give one with --name".to_owned())
            })?,
            email,
            kind: if service_account { UserKind::ServiceAccount } else { UserKind::Person },
            roles: role_ids(&view.state, org, &roles)?,
        };
        operator.commit(move |session, now| user::create(&session.authorize_in(org)?, new.clone(), now))
    }
}

fn list(context: &Context, operator: &Operator, org: &str) -> Result<(), Failure> {
    let view = operator.view();
    let org = names::org(&view.state, org)?.id;
    let mut users: Vec<&User> = view.state.users_of(org).map(|user| &**user).collect();
    users.sort_by_key(|user| (user.created_at, user.id));
    let records: Vec<UserRecord> = users.into_iter().map(|user| UserRecord::of(&view.state, user)).collect();
    context.printer.all(&records)
}

fn role_ids(state: &State, org: OrgId, named: &[String]) -> Result<Vec<RoleId>, NotNamed> {
    named.iter().map(|named| names::role(state, org, named).map(|role| role.id())).collect()
}

fn set_disabled(
    context: &Context,
    operator: &Operator,
    (org, named): (&str, &str),
    disabled: bool,
) -> Result<User, Failure> {
    let view = operator.view();
    let org = names::org(&view.state, org)?.id;
    let id = names::user(&view.state, org, named)?.id;
    let creators = context.creator_disabled();
    operator.commit(move |session, now| {
        user::set_disabled(&session.authorize_in(org)?, id, disabled, creators, now)
    })
}
