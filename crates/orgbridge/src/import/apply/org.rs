//! Orgs and their roles.

use orgbridge_domain::org::{self, NewOrg};
use orgbridge_domain::role::{self, RoleEdit};
use orgbridge_domain::{AccountId, OrgId, Role};

use super::super::index::{Found, OrgIndex, RoleIndex};
use super::super::outcome::Kind;
use super::super::wishes::{Identity, OrgWish, RoleWish};
use super::{Applying, Fate};

impl Applying<'_> {
    /// Makes an org what it should be, with all that belongs to it. `false` if that can't be.
    pub(super) fn org(&mut self, account: AccountId, index: &mut OrgIndex, wish: &OrgWish) -> bool {
        let Some(org) = self.settle_org(account, index, wish) else { return false };
        let roles_there = self.roles(org, wish);
        self.whole_roles.insert(org, roles_there);
        let users_there = self.users(org, roles_there, &wish.users);
        self.whole_orgs.insert(org, users_there);
        self.api_keys(org, &wish.api_keys.wishes);
        self.oauth_clients(org, &wish.oauth_clients.wishes);
        true
    }

    fn settle_org(&mut self, account: AccountId, index: &mut OrgIndex, wish: &OrgWish) -> Option<OrgId> {
        let now = self.now;
        let before = match self.meant(index, wish) {
            Found::Nothing => None,
            Found::Only(id) => self.state().org(id).cloned(),
            Found::Several => {
                let message = "several organizations of the account have this name; give the id of one";
                self.fixed(&wish.at, "name", message);
                return None;
            }
        };
        if before.as_ref().is_some_and(|org| org.account != account) {
            self.fixed(
                &wish.at,
                "id",
                "this organization belongs to another account; list it there, or leave the id out",
            );
            return None;
        }
        let mut org = if let Some(before) = &before {
            if let Some(public_id) = wish.public_id.as_ref().filter(|wanted| **wanted != before.public_id) {
                let message = format!("it is {} and can't become {public_id}", before.public_id);
                self.fixed(&wish.at, "public_id", message);
            }
            if let Some(site) = wish.site.filter(|wanted| *wanted != before.site) {
                let message = format!("it lives on {} and can't move to {site}", before.site);
                self.fixed(&wish.at, "site", message);
            }
            let (id, name) = (before.id, wish.name.clone());
            self.run(&wish.at, |session| org::rename(&session.authorize_in(id)?, name, now))?
        } else {
            let new = NewOrg {
                id: wish.id.to_make(),
                account,
                site: wish.site.unwrap_or_default(),
                public_id: wish.public_id.clone(),
                name: wish.name.clone(),
            };
            self.run(&wish.at, |session| org::create(&session.deployment()?, new, now))?
        };
        let id = org.id;
        if let Some(disabled) = wish.disabled {
            org =
                self.run(&wish.at, |session| org::set_disabled(&session.authorize_in(id)?, disabled, now))?;
        }
        match &before {
            Some(before) => index.names.rename(id, before.name.as_str(), org.name.as_str()),
            None => index.names.add(org.name.as_str(), id),
        }
        let fate = before.map_or(Fate::Created, |before| Fate::of_existing(&*before, &org));
        self.settled(Kind::Orgs, id.uuid(), &wish.at, fate);
        Some(id)
    }

    /// The org that is meant, whoever it belongs to.
    fn meant(&self, index: &OrgIndex, wish: &OrgWish) -> Found<OrgId> {
        let state = self.state();
        let org = match (wish.id, &wish.public_id) {
            (Identity::Given(id), _) => state.org(id),
            (Identity::ByName(_), Some(public_id)) => state.org_by_public_id(public_id),
            (Identity::ByName(_), None) => return index.names.called(wish.name.as_str()),
        };
        org.map_or(Found::Nothing, |org| Found::Only(org.id))
    }

    /// Makes the custom roles of an org what they should be. `false` if one can't be.
    fn roles(&mut self, org: OrgId, wish: &OrgWish) -> bool {
        let mut all_there = wish.roles.complete;
        if !wish.roles.wishes.is_empty() {
            let index = RoleIndex::of(self.state(), org);
            for role in &wish.roles.wishes {
                all_there &= self.role(org, &index, role).is_some();
            }
        }
        all_there
    }

    fn role(&mut self, org: OrgId, index: &RoleIndex, wish: &RoleWish) -> Option<()> {
        let id = match wish.id {
            Identity::Given(id) => Some(id),
            Identity::ByName(_) => index.called(wish.name.as_str()),
        };
        let found = id.and_then(|id| self.state().role(id)).filter(|role| role.org == org).cloned();
        let (now, name, permissions) = (self.now, wish.name.clone(), wish.permissions);
        let (role, fate) = if let Some(before) = found {
            let after: Role = self.run(&wish.at, |session| {
                let edit = RoleEdit { name: Some(name), permissions: Some(permissions) };
                role::update(&session.authorize_in(org)?, before.id, edit)
            })?;
            let fate = Fate::of_existing(&*before, &after);
            (after, fate)
        } else {
            let id = wish.id.to_make();
            let made = self.run(&wish.at, |session| {
                role::create(&session.authorize_in(org)?, id, name, permissions, now)
            })?;
            (made, Fate::Created)
        };
        self.settled(Kind::Roles, role.id.uuid(), &wish.at, fate);
        Some(())
    }
}
