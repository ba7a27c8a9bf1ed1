//! Users and service accounts: who acts in an org.

use smallvec::SmallVec;

use crate::right::{ServiceAccountWrite, UserAccessManage, UserAccessRead};
use crate::{
    Change, Decided, Direction, Edit, Email, Grant, Listing, ManagedRole, Name, OrgId, Page, Part,
    PermissionSet, Refusal, RoleId, State, Timestamp, UserId, org_connection, restriction_policy, role,
};

/// Somebody, or something, that acts in one org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The org in which they act. The same person in two orgs is two users.
    pub org: OrgId,
    /// What people call them.
    pub name: Name,
    /// Their email address, which is also their handle; no two users of an org share one.
    pub email: Email,
    /// A person, or a program.
    pub kind: UserKind,
    /// The roles that they hold, in the order given, none twice.
    pub roles: SmallVec<[RoleId; 1]>,
    /// Whether they are switched off: their keys don't work.
    pub disabled: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub modified_at: Timestamp,
}

impl User {
    /// The most roles that somebody may hold: each is looked at by every decision about them.
    pub const MAX_ROLES: usize = 100;
}

/// Whether a user is a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// A person.
    Person,
    /// A program.
    ServiceAccount,
}

impl UserKind {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
        }
    }
}

impl std::str::FromStr for UserKind {
    type Err = NotAUserKind;

    fn from_str(text: &str) -> Result<Self, NotAUserKind> {
        [Self::Person, Self::ServiceAccount]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAUserKind)
    }
}

/// The text names no kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected person or service_account")]
pub struct NotAUserKind;

/// What a new user is made from.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// What people call them.
    pub name: Name,
    /// Their email address.
    pub email: Email,
    /// A person, or a program.
    pub kind: UserKind,
    /// The roles that they hold from the start.
    pub roles: Vec<RoleId>,
}

/// Makes a user in the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a user has this id, or one of the org this email address; [`Refusal::Absent`] if a
/// role is not one of the org; [`Refusal::TooManyRoles`] past [`User::MAX_ROLES`]; [`Refusal::BeyondOwnRights`] if a role
/// allows what the principal may not do; [`Refusal::BeyondOwnStanding`] if a restriction policy binds a role more closely
/// than the principal.
pub fn create(
    grant: &Grant<'_, UserAccessManage>,
    new: NewUser,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    make(grant, new, now)
}

/// Makes a service account in the grant's org, whatever kind `new` names.
///
/// # Errors
/// As [`create`].
pub fn create_service_account(
    grant: &Grant<'_, ServiceAccountWrite>,
    new: NewUser,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    make(grant, NewUser { kind: UserKind::ServiceAccount, ..new }, now)
}

fn make<R>(grant: &Grant<'_, R>, new: NewUser, now: Timestamp) -> Result<Decided<User>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let NewUser { id, name, email, kind, roles } = new;
    if state.user(id).is_some() {
        return Err(Refusal::taken("user id", id));
    }
    if state.user_by_email(org, &email).is_some() {
        return Err(Refusal::taken("email address", email));
    }
    let roles = assignable(grant, roles)?;
    let user = User { id, org, name, email, kind, roles, disabled: false, created_at: now, modified_at: now };
    Ok(Decided::one(user.clone(), Change::User(Edit::Create(user))))
}

/// What becomes of the connections that a user made when they are switched off. The operator says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CreatorDisabled {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted. Nothing brings them back when the user is switched on again.
    Delete,
}

/// What is to be different about a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// What people are to call them; as before where none is given.
    pub name: Option<Name>,
    /// Their email address, which has to be the one that they have: whoever knows them knows them by it.
    pub email: Option<Email>,
    /// Whether they are to be switched off; as before where nothing is given.
    pub disabled: Option<bool>,
}

/// Gives a user of the grant's org another name, or switches them off or on. With [`CreatorDisabled::Delete`], whoever
/// switches a user off also deletes the connections that the user made: the operator wants that, so that nobody is asked
/// whether they may write connections.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such user, [`Refusal::BeyondReach`] if they may do more than the
/// principal, [`Refusal::EmailStays`] if they would get another email address, [`Refusal::LastAdmin`] if nobody
/// would be left to undo it, [`Refusal::BeyondOwnRights`] if somebody who may do more than the principal would
/// be switched on.
pub fn update(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    edit: UserEdit,
    creators: CreatorDisabled,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let before = of_org(grant, id)?;
    let UserEdit { name, email, disabled } = edit;
    let disabled = disabled.unwrap_or(before.disabled);
    if before.disabled && !disabled {
        // Their keys work again, and with them all that they may do.
        grant.may_give(permissions(grant.state(), before))?;
    }
    if email.is_some_and(|email| email != before.email) {
        return Err(Refusal::EmailStays);
    }
    let name = name.unwrap_or_else(|| before.name.clone());
    let mut decided = replace(grant, before, User { name, disabled, ..before.clone() }, now)?;
    if !before.disabled && disabled && creators == CreatorDisabled::Delete {
        let state = grant.state();
        let made = org_connection::made_by(state, before);
        decided.changes.extend(made.flat_map(|connection| org_connection::deletion(state, connection)));
    }
    Ok(decided)
}

/// Gives a user of the grant's org a new name.
///
/// # Errors
/// As [`update`].
pub fn rename(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    name: Name,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let edit = UserEdit { name: Some(name), ..UserEdit::default() };
    update(grant, id, edit, CreatorDisabled::Keep, now)
}

/// Switches a user of the grant's org off or on.
///
/// # Errors
/// As [`update`].
pub fn set_disabled(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    disabled: bool,
    creators: CreatorDisabled,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    update(grant, id, UserEdit { disabled: Some(disabled), ..UserEdit::default() }, creators, now)
}

/// Gives a user of the grant's org exactly `roles`.
///
/// # Errors
/// [`Refusal::Absent`] if the user or a role is not one of the org, [`Refusal::TooManyRoles`] past [`User::MAX_ROLES`],
/// [`Refusal::BeyondOwnRights`] if a role allows what the principal may not do, [`Refusal::BeyondReach`] if the user may do
/// more than the principal, [`Refusal::LastAdmin`] if nobody would be left to undo it.
pub fn set_roles(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    roles: Vec<RoleId>,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let before = of_org(grant, id)?;
    let roles = assignable(grant, roles)?;
    replace(grant, before, User { roles, ..before.clone() }, now)
}

/// Gives a user of the grant's org a role beside those that they hold.
///
/// # Errors
/// As [`set_roles`].
pub fn add_role(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    role: RoleId,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let added = role::read(grant, role)?;
    let before = of_org(grant, id)?;
    grant.may_give(added.permissions())?;
    let mut roles = before.roles.clone();
    add(&mut roles, role)?;
    replace(grant, before, User { roles, ..before.clone() }, now)
}

/// Takes a role from a user of the grant's org.
///
/// # Errors
/// As [`set_roles`].
pub fn remove_role(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    role: RoleId,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    role::read(grant, role)?;
    let before = of_org(grant, id)?;
    let roles = before.roles.iter().copied().filter(|held| *held != role).collect();
    replace(grant, before, User { roles, ..before.clone() }, now)
}

/// What the roles of `user` allow, taken together.
pub fn permissions(state: &State, user: &User) -> PermissionSet {
    user.roles
        .iter()
        .filter_map(|id| role::find(state, user.org, *id))
        .fold(PermissionSet::EMPTY, |sum, role| sum.union(role.permissions()))
}

/// One user of the grant's org.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such user.
pub fn read<'s>(grant: &Grant<'s, UserAccessRead>, id: UserId) -> Result<&'s User, Refusal> {
    of_org(grant, id)
}

/// Which users are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What their names or email addresses contain.
    pub text: Part,
    /// Whether they may act.
    pub standing: StandingFilter,
    /// A role that they hold.
    pub role: Option<RoleId>,
}

/// Which users are listed, by whether they may act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StandingFilter {
    /// All of them.
    #[default]
    Any,
    /// Those who may.
    Active,
    /// Those who are switched off.
    Disabled,
    /// Nobody.
    Nobody,
}

impl StandingFilter {
    const fn admits(self, user: &User) -> bool {
        match self {
            Self::Any => true,
            Self::Active => !user.disabled,
            Self::Disabled => user.disabled,
            Self::Nobody => false,
        }
    }
}

/// What users are ordered by; where it is the same, by name, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What people call them.
    Name,
    /// Their email addresses.
    Email,
    /// When they were made.
    CreatedAt,
    /// When they were last changed.
    ModifiedAt,
}

/// The users of the grant's org.
pub fn list<'s>(
    grant: &Grant<'s, UserAccessRead>,
    filter: &Filter,
    (order, direction): (Order, Direction),
    page: Page,
) -> Listing<&'s User> {
    select(grant.state(), grant.org().id, filter, (order, direction), page)
}

/// The same of any org, without asking for a right: for answers that show what a change has come to.
pub fn select<'s>(
    state: &'s State,
    org: OrgId,
    filter: &Filter,
    (order, direction): (Order, Direction),
    page: Page,
) -> Listing<&'s User> {
    let users = || state.users_of(org).map(|user| &**user);
    let admits = |user: &&User| {
        filter.standing.admits(user)
            && filter.role.is_none_or(|role| user.roles.contains(&role))
            && (filter.text.is_in(user.name.as_str()) || filter.text.is_in(user.email.as_str()))
    };
    let mut admitted: Vec<&User> = users().filter(admits).collect();
    admitted.sort_by(|one, other| {
        let first = match order {
            Order::Name => one.name.cmp(&other.name),
            Order::Email => one.email.cmp(&other.email),
            Order::CreatedAt => one.created_at.cmp(&other.created_at),
            Order::ModifiedAt => one.modified_at.cmp(&other.modified_at),
        };
        first.then_with(|| one.name.cmp(&other.name)).then_with(|| one.id.cmp(&other.id))
    });
    Listing::cut(users().count(), admitted, direction, page)
}

fn of_org<'s, R>(grant: &Grant<'s, R>, id: UserId) -> Result<&'s User, Refusal> {
    let org = grant.org().id;
    match grant.state().user(id) {
        Some(user) if user.org == org => Ok(user),
        _ => Err(Refusal::absent("user", id)),
    }
}

fn assignable<R>(grant: &Grant<'_, R>, wanted: Vec<RoleId>) -> Result<SmallVec<[RoleId; 1]>, Refusal> {
    let mut roles = SmallVec::new();
    for id in wanted {
        add(&mut roles, id)?;
    }
    for id in &roles {
        grant.may_give(role::read(grant, *id)?.permissions())?;
    }
    restriction_policy::may_give_roles(grant, &roles)?;
    Ok(roles)
}

/// Adds a role to those of a user, where it is not among them.
fn add(roles: &mut SmallVec<[RoleId; 1]>, id: RoleId) -> Result<(), Refusal> {
    if roles.contains(&id) {
        return Ok(());
    }
    if roles.len() >= User::MAX_ROLES {
        return Err(Refusal::TooManyRoles);
    }
    roles.push(id);
    Ok(())
}

/// Changes a user. Whoever may do less than they may not do so, whatever the change.
fn replace(
    grant: &Grant<'_, UserAccessManage>,
    before: &User,
    after: User,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    grant.may_change_what_holds(permissions(grant.state(), before))?;
    let is_admin = |user: &User| !user.disabled && user.roles.contains(&ManagedRole::Admin.id());
    let others_administer =
        || grant.state().users_of(before.org).any(|user| user.id != before.id && is_admin(user));
    if is_admin(before) && !is_admin(&after) && !others_administer() {
        return Err(Refusal::LastAdmin);
    }
    if *before == after {
        return Ok(Decided::unchanged(after));
    }
    let after = User { modified_at: now, ..after };
    Ok(Decided::one(after.clone(), Change::User(Edit::Replace { before: before.clone(), after })))
}
