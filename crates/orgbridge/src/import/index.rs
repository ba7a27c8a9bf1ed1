//! Finding what a file mentions, without searching for it again and again.

use std::collections::HashMap;

use orgbridge_domain::{AccountId, Name, OrgId, RoleId, State, role};

/// Things of one kind by name. Several may have one name.
#[derive(Debug)]
pub(super) struct NameIndex<I> {
    by_name: HashMap<String, Vec<I>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<I> {
    /// Nothing.
    Nothing,
    /// One thing.
    Only(I),
    /// Several; an id is needed to tell them apart.
    Several,
}

impl<I: Copy + Eq> NameIndex<I> {
    pub(super) fn of<'n>(named: impl Iterator<Item = (&'n Name, I)>) -> Self {
        let mut index = Self { by_name: HashMap::new() };
        named.for_each(|(name, id)| index.add(name.as_str(), id));
        index
    }

    pub(super) fn add(&mut self, name: &str, id: I) {
        self.by_name.entry(name.to_owned()).or_default().push(id);
    }

    /// It has another name now.
    pub(super) fn rename(&mut self, id: I, before: &str, after: &str) {
        if before != after {
            self.by_name.entry(before.to_owned()).or_default().retain(|named| *named != id);
            self.add(after, id);
        }
    }

    /// What is called `name`.
    pub(super) fn called(&self, name: &str) -> Found<I> {
        match self.by_name.get(name).map(Vec::as_slice) {
            None | Some([]) => Found::Nothing,
            Some([only]) => Found::Only(*only),
            Some(_) => Found::Several,
        }
    }
}

/// The orgs of one account.
#[derive(Debug)]
pub(super) struct OrgIndex {
    account: AccountId,
    pub(super) names: NameIndex<OrgId>,
}

impl OrgIndex {
    pub(super) fn of(state: &State, account: AccountId) -> Self {
        Self { account, names: NameIndex::of(state.orgs_of(account).map(|org| (&org.name, org.id))) }
    }

    /// The org with this id, public id or name.
    pub(super) fn find(&self, state: &State, named: &str) -> Found<OrgId> {
        let by_id = named.parse().ok().and_then(|id| state.org(id));
        let by_public_id = || named.parse().ok().and_then(|public_id| state.org_by_public_id(&public_id));
        let of_account = by_id.or_else(by_public_id).filter(|org| org.account == self.account);
        of_account.map_or_else(|| self.names.called(named), |org| Found::Only(org.id))
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
