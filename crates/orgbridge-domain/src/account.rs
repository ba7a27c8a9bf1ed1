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
    if state.accounts().any(|account| account.name == name) {
        return Err(Refusal::taken("account name", name));
    }
    let account = Account { id, name, created_at: now };
    Ok(Decided::one(account.clone(), Change::Account(Edit::Create(account))))
}
