//! Finding what a file mentions, without searching for it again and again.

use std::collections::HashMap;

use orgbridge_domain::{AccountId, OrgId, RoleId, State, role};

/// The orgs of one account by name. Several may have one name.
#[derive(Debug)]
pub(super) struct OrgIndex {
    account: AccountId,
    by_name: HashMap<String, Vec<OrgId>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// One org.
    Only(OrgId),
    /// Several; an id is needed to tell them apart.
    Several,
}

impl OrgIndex {
    pub(super) fn of(state: &State, account: AccountId) -> Self {
        let mut index = Self { account, by_name: HashMap::new() };
        for org in state.orgs_of(account) {
            index.add(org.name.as_str(), org.id);
        }
        index
    }

    pub(super) fn add(&mut self, name: &str, org: OrgId) {
        self.by_name.entry(name.to_owned()).or_default().push(org);
    }

    /// The org has another name now.
    pub(super) fn rename(&mut self, org: OrgId, before: &str, after: &str) {
        if before != after {
            self.by_name.entry(before.to_owned()).or_default().retain(|named| *named != org);
            self.add(after, org);
        }
    }

    /// The org called `name`.
    pub(super) fn called(&self, name: &str) -> Found {
        match self.by_name.get(name).map(Vec::as_slice) {
            None | Some([]) => Found::Nothing,
            Some([only]) => Found::Only(*only),
            Some(_) => Found::Several,
        }
    }

    /// The org with this id, public id or name.
    pub(super) fn find(&self, state: &State, named: &str) -> Found {
        let by_id = named.parse().ok().and_then(|id| state.org(id));
        let by_public_id = || named.parse().ok().and_then(|public_id| state.org_by_public_id(&public_id));
        let of_account = by_id.or_else(by_public_id).filter(|org| org.account == self.account);
        of_account.map_or_else(|| self.called(named), |org| Found::Only(org.id))
    }
}

/// The roles that users of one org may hold, by name.
#[derive(Debug)]
pub(super) struct RoleIndex {
    by_name: HashMap<String, RoleId>,
}

impl RoleIndex {
    pub(super) fn of(state: &State, org: OrgId) -> Self {
        Self { by_name: role::all(state, org).map(|role| (role.name().to_owned(), role.id())).collect() }
    }

    pub(super) fn called(&self, name: &str) -> Option<RoleId> {
        self.by_name.get(name).copied()
    }

    /// The role with this id or name.
    pub(super) fn find(&self, state: &State, org: OrgId, named: &str) -> Option<RoleId> {
        let by_id = named.parse().ok().and_then(|id| role::find(state, org, id));
        by_id.map(|role| role.id()).or_else(|| self.called(named))
    }
}
