//! Users.

use orgbridge_domain::user::{self, NewUser};
use orgbridge_domain::{ManagedRole, OrgId, Refusal, RoleId, User, UserId, UserKind};

use super::super::index::RoleIndex;
use super::super::outcome::Kind;
use super::super::wishes::{Identity, Listed, UserWish};
use super::{Applying, Fate};

/// What is left to do for a user once it is there.
struct Standing<'w> {
    wish: &'w UserWish,
    before: Option<User>,
    id: UserId,
    roles: Option<Vec<RoleId>>,
}

impl Applying<'_> {
    /// Makes the users of an org what they should be. `false` if one can't be.
    pub(super) fn users(&mut self, org: OrgId, roles_there: bool, listed: &Listed<UserWish>) -> bool {
        let index = RoleIndex::of(self.state(), org);
        let mut all_there = listed.complete;
        let mut postponed = Vec::new();
        for wish in &listed.wishes {
            let Some(standing) = self.settle_user(org, &index, roles_there, wish) else {
                all_there = false;
                continue;
            };
            let id = standing.id;
            // The last admin may step down as soon as the next one is there, who may come later in the file.
            match self.set_standing(org, &standing) {
                Ok(fate) => self.settled(Kind::Users, id.uuid(), &wish.at, fate),
                Err(Refusal::LastAdmin) => postponed.push(standing),
                Err(refusal) => self.refused(&wish.at, &refusal),
            }
            self.application_keys(org, id, &wish.application_keys.wishes);
        }
        for standing in postponed {
            match self.set_standing(org, &standing) {
                Ok(fate) => self.settled(Kind::Users, standing.id.uuid(), &standing.wish.at, fate),
                Err(refusal) => self.refused(&standing.wish.at, &refusal),
            }
        }
        all_there
    }

    /// Finds or makes a user.
    fn settle_user<'w>(
        &mut self,
        org: OrgId,
        index: &RoleIndex,
        roles_there: bool,
        wish: &'w UserWish,
    ) -> Option<Standing<'w>> {
        let roles = self.role_ids(org, index, roles_there, wish);
        let found = match wish.id {
            Identity::Given(id) => self.state().user(id),
            Identity::ByName(_) => self.state().user_by_email(org, &wish.email),
        };
        if let Some(before) = found.cloned() {
            if before.org != org {
                self.fixed(
                    &wish.at,
                    "id",
                    "this user belongs to another organization; list it there, or leave the id out",
                );
                return None;
            }
            self.refuse_new_identity(&before, wish);
            return Some(Standing { wish, id: before.id, before: Some(User::clone(&before)), roles });
        }
        let new = NewUser {
            id: wish.id.to_make(),
            name: wish.name.clone(),
            email: wish.email.clone(),
            kind: if wish.service_account == Some(true) {
                UserKind::ServiceAccount
            } else {
                UserKind::Person
            },
            roles: roles.unwrap_or_else(|| vec![ManagedRole::Standard.id()]),
        };
        let now = self.now;
        let made = self.run(&wish.at, |session| user::create(&session.authorize_in(org)?, new, now))?;
        Some(Standing { wish, id: made.id, before: None, roles: None })
    }

    fn refuse_new_identity(&mut self, before: &User, wish: &UserWish) {
        if before.email != wish.email {
            self.fixed(&wish.at, "email", format!("it is {} and can't become another", before.email));
        }
        let is_service_account = before.kind == UserKind::ServiceAccount;
        if wish.service_account.is_some_and(|wanted| wanted != is_service_account) {
            self.fixed(&wish.at, "service_account", format!("it is {is_service_account} and can't change"));
        }
    }

    /// Gives a user name, roles and standing.
    fn set_standing(&mut self, org: OrgId, standing: &Standing<'_>) -> Result<Fate, Refusal> {
        let Standing { wish, before, id, roles } = standing;
        let (id, creators, now) = (*id, self.policies.creator_disabled, self.now);
        let name = wish.name.clone();
        let mut after = self.draft.run(|session| user::rename(&session.authorize_in(org)?, id, name, now))?;
        if let Some(roles) = roles.clone() {
            after = self.draft.run(|session| user::set_roles(&session.authorize_in(org)?, id, roles, now))?;
        }
        if let Some(disabled) = wish.disabled {
            after = self.draft.run(|session| {
                user::set_disabled(&session.authorize_in(org)?, id, disabled, creators, now)
            })?;
        }
        Ok(before.as_ref().map_or(Fate::Created, |before| Fate::of_existing(before, &after)))
    }

    fn role_ids(
        &mut self,
        org: OrgId,
        index: &RoleIndex,
        roles_there: bool,
        wish: &UserWish,
    ) -> Option<Vec<RoleId>> {
        let mut ids = Vec::new();
        for reference in wish.roles.as_ref()? {
            match index.find(self.state(), org, &reference.named) {
                Some(id) => ids.push(id),
                // Why one of the roles is not there has been said already.
                None if !roles_there => {}
                None => {
                    let message = format!("the organization has no role {:?}", reference.named);
                    self.outcome.problems.push(reference.at.problem(message));
                }
            }
        }
        Some(ids)
    }
}
