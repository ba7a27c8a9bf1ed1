//! API keys and application keys.

use std::collections::HashMap;
use std::sync::Arc;

use orgbridge_domain::application_key::{self, NewApplicationKey};
use orgbridge_domain::{
    ApiKey, ApiKeyId, ApiKeySecret, ApplicationKey, ApplicationKeyId, ApplicationKeySecret, KeyDigest, Name,
    OrgId, PermissionSet, UserId, api_key,
};

use super::super::location::Location;
use super::super::outcome::{Kind, MadeKey};
use super::super::wishes::{ApiKeyWish, ApplicationKeyWish, Identity, Secret};
use super::{Applying, Fate};

impl Applying<'_> {
    /// Makes the API keys of an org that are not there.
    pub(super) fn api_keys(&mut self, org: OrgId, wishes: &[ApiKeyWish]) {
        if wishes.is_empty() {
            return;
        }
        let keys = self.state().api_keys_of(org);
        let mut named: HashMap<Name, ApiKeyId> = keys.map(|key| (key.name.clone(), key.id)).collect();
        for wish in wishes {
            if let Some(id) = self.api_key(org, &named, wish) {
                named.insert(wish.name.clone(), id);
            }
        }
    }

    fn api_key(
        &mut self,
        org: OrgId,
        named: &HashMap<Name, ApiKeyId>,
        wish: &ApiKeyWish,
    ) -> Option<ApiKeyId> {
        let digest = wish.secret.given().map(ApiKeySecret::digest);
        if let Some(kept) = self.find_api_key(org, named, wish, digest.as_ref()) {
            self.compare_key(&wish.at, (&wish.name, &kept.name), (digest.as_ref(), &kept.digest));
            self.settled(Kind::ApiKeys, kept.id.uuid(), &wish.at, Fate::Unchanged);
            return Some(kept.id);
        }
        let (id, name, now) = (wish.id.to_make(), wish.name.clone(), self.now);
        let secret = wish.secret.to_make();
        let made = self
            .run(&wish.at, |session| api_key::create(&session.authorize_in(org)?, id, name, secret, now))?;
        self.settled(Kind::ApiKeys, made.id.uuid(), &wish.at, Fate::Created);
        if let Secret::Fresh(secret) = &wish.secret {
            self.outcome.made_keys.push(MadeKey {
                kind: "api_key".to_owned(),
                org: self.org_name(org),
                owner: None,
                name: made.name.to_string(),
                id: made.id.to_string(),
                key: secret.expose().to_owned(),
            });
        }
        Some(made.id)
    }

    /// The key with the id of the wish, or with its secret, or with its name.
    fn find_api_key(
        &self,
        org: OrgId,
        named: &HashMap<Name, ApiKeyId>,
        wish: &ApiKeyWish,
        digest: Option<&KeyDigest>,
    ) -> Option<Arc<ApiKey>> {
        let state = self.state();
        let of_org = |key: &&Arc<ApiKey>| key.org == org;
        if let Identity::Given(id) = wish.id {
            return state.api_key(id).filter(of_org).cloned();
        }
        let by_secret = digest.and_then(|digest| state.api_key_by_digest(digest)).filter(of_org);
        by_secret.or_else(|| state.api_key(*named.get(&wish.name)?)).cloned()
    }

    /// Makes the application keys of a user that are not there.
    pub(super) fn application_keys(&mut self, org: OrgId, owner: UserId, wishes: &[ApplicationKeyWish]) {
        if wishes.is_empty() {
            return;
        }
        let keys = self.state().application_keys_of(owner);
        let mut named: HashMap<Name, ApplicationKeyId> = keys.map(|key| (key.name.clone(), key.id)).collect();
        for wish in wishes {
            if let Some(id) = self.application_key(org, owner, &named, wish) {
                named.insert(wish.name.clone(), id);
            }
        }
    }

    fn application_key(
        &mut self,
        org: OrgId,
        owner: UserId,
        named: &HashMap<Name, ApplicationKeyId>,
        wish: &ApplicationKeyWish,
    ) -> Option<ApplicationKeyId> {
        let digest = wish.secret.given().map(ApplicationKeySecret::digest);
        if let Some(kept) = self.find_application_key(owner, named, wish, digest.as_ref()) {
            self.compare_key(&wish.at, (&wish.name, &kept.name), (digest.as_ref(), &kept.digest));
            self.compare_scopes(wish, kept.scopes);
            self.settled(Kind::ApplicationKeys, kept.id.uuid(), &wish.at, Fate::Unchanged);
            return Some(kept.id);
        }
        let new = NewApplicationKey {
            id: wish.id.to_make(),
            owner,
            name: wish.name.clone(),
            secret: wish.secret.to_make().clone(),
            scopes: wish.scopes,
        };
        let now = self.now;
        let made =
            self.run(&wish.at, |session| application_key::create(&session.authorize_in(org)?, new, now))?;
        self.settled(Kind::ApplicationKeys, made.id.uuid(), &wish.at, Fate::Created);
        if let Secret::Fresh(secret) = &wish.secret {
            self.outcome.made_keys.push(MadeKey {
                kind: "application_key".to_owned(),
                org: self.org_name(org),
                owner: self.state().user(owner).map(|owner| owner.email.to_string()),
                name: made.name.to_string(),
                id: made.id.to_string(),
                key: secret.expose().to_owned(),
            });
        }
        Some(made.id)
    }

    /// The key with the id of the wish, or with its secret, or with its name.
    fn find_application_key(
        &self,
        owner: UserId,
        named: &HashMap<Name, ApplicationKeyId>,
        wish: &ApplicationKeyWish,
        digest: Option<&KeyDigest>,
    ) -> Option<Arc<ApplicationKey>> {
        let state = self.state();
        let of_owner = |key: &&Arc<ApplicationKey>| key.owner == owner;
        if let Identity::Given(id) = wish.id {
            return state.application_key(id).filter(of_owner).cloned();
        }
        let by_secret = digest.and_then(|digest| state.application_key_by_digest(digest)).filter(of_owner);
        by_secret.or_else(|| state.application_key(*named.get(&wish.name)?)).cloned()
    }

    /// A key is made once and never altered.
    fn compare_key(
        &mut self,
        at: &Location,
        (wanted_name, name): (&Name, &Name),
        (wanted_digest, digest): (Option<&KeyDigest>, &KeyDigest),
    ) {
        if wanted_name != name {
            self.fixed(
                at,
                "name",
                format!("the key is called {name:?}, and keys are not renamed; write that name"),
            );
        }
        if wanted_digest.is_some_and(|wanted| wanted != digest) {
            let message = "there is a key of this name with another secret; give the new one another name, \
                           and revoke the old one once nobody uses it";
            self.fixed(at, "key", message);
        }
    }

    fn compare_scopes(&mut self, wish: &ApplicationKeyWish, kept: Option<PermissionSet>) {
        if wish.scopes.is_some() && wish.scopes != kept {
            let has = kept.map_or_else(|| "has none".to_owned(), |scopes| format!("has {scopes}"));
            let message = format!(
                "the key {has}, and the scopes of a key don't change; write those, or make another key"
            );
            self.fixed(&wish.at, "scopes", message);
        }
    }

    pub(super) fn org_name(&self, org: OrgId) -> String {
        self.state().org(org).map(|org| org.name.to_string()).unwrap_or_default()
    }
}
