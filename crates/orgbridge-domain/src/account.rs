//! Accounts: the walls between customers. Nothing crosses one.

use crate::{AccountId, Change, Decided, Deployment, Edit, Name, Refusal, Timestamp};

/// A customer: orgs that may be connected with each other and with no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What people call it; no two accounts have one name.
    pub name: Name,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Makes an account.
///
/// # Errors
/// [`Refusal::Taken`] if an account has this id or name.
pub fn create(
    deployment: &Deployment<'_>,
    id: AccountId,
    name: Name,
    now: Timestamp,
) -> Result<Decided<Account>, Refusal> {
    let state = deployment.state();
    if state.account(id).is_some() {
        return Err(Refusal::taken("account id", id));
    }
    if state.account_by_name(&name).is_some() {
        return Err(Refusal::taken("account name", name));
    }
    let account = Account { id, name, created_at: now };
    Ok(Decided::one(account.clone(), Change::Account(Edit::Create(account))))
}

/// Gives an account a new name.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such account, [`Refusal::Taken`] if another has this name.
pub fn rename(deployment: &Deployment<'_>, id: AccountId, name: Name) -> Result<Decided<Account>, Refusal> {
    let state = deployment.state();
    let before = state.account(id).ok_or_else(|| Refusal::absent("account", id))?;
    let before = Account::clone(before);
    if before.name == name {
        return Ok(Decided::unchanged(before));
    }
    if state.account_by_name(&name).is_some() {
        return Err(Refusal::taken("account name", name));
    }
    let after = Account { name, ..before.clone() };
    Ok(Decided::one(after.clone(), Change::Account(Edit::Replace { before, after })))
}
