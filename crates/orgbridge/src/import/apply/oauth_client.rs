//! OAuth2 clients.

use orgbridge_domain::{
    NewOauthClient, OauthClient, OauthClientEdit, OauthClientId, OrgId, TokenSecret, UserId, oauth_client,
};

use super::super::index::{Found, NameIndex};
use super::super::outcome::{Kind, MadeKey};
use super::super::wishes::{Authentication, Identity, OauthClientWish, Reference, Secret};
use super::{Applying, Fate};
use crate::names;

/// What to do about a client that can't become what the file says.
const ANOTHER: &str =
    "leave this out, or give the new client another name, and revoke the old one once nobody uses it";

impl Applying<'_> {
    /// Makes the OAuth2 clients of an org what they should be. Its users are there already.
    pub(super) fn oauth_clients(&mut self, org: OrgId, wishes: &[OauthClientWish]) {
        if wishes.is_empty() {
            return;
        }
        let clients = self.state().oauth_clients_of(org);
        let mut named = NameIndex::of(clients.map(|client| (&client.name, client.id)));
        for wish in wishes {
            self.oauth_client(org, &mut named, wish);
        }
    }

    fn oauth_client(
        &mut self,
        org: OrgId,
        named: &mut NameIndex<OauthClientId>,
        wish: &OauthClientWish,
    ) -> Option<()> {
        let service_account = match &wish.service_account {
            Some(reference) => Some(self.find_service_account(org, reference)?),
            None => None,
        };
        let id = match (wish.id, named.called(wish.name.as_str())) {
            (Identity::Given(id), _) | (Identity::ByName(_), Found::Only(id)) => Some(id),
            (Identity::ByName(_), Found::Nothing) => None,
            (Identity::ByName(_), Found::Several) => {
                let message = "several OAuth2 clients of the organization have this name; give the id of one";
                self.fixed(&wish.at, "name", message);
                return None;
            }
        };
        let found = id.and_then(|id| self.state().oauth_client(id)).filter(|client| client.org == org);
        if let Some(before) = found.cloned() {
            self.refuse_new_proof(&before, service_account, wish);
            let after = self.change_client(&before, wish)?;
            named.rename(after.id, before.name.as_str(), after.name.as_str());
            let fate = Fate::of_existing(&*before, &after);
            self.settled(Kind::OauthClients, after.id.uuid(), &wish.at, fate);
        } else {
            let made = self.make_client(org, service_account, wish)?;
            named.add(made.name.as_str(), made.id);
            self.settled(Kind::OauthClients, made.id.uuid(), &wish.at, Fate::Created);
        }
        Some(())
    }

    fn change_client(&mut self, before: &OauthClient, wish: &OauthClientWish) -> Option<OauthClient> {
        let edit = OauthClientEdit {
            name: Some(wish.name.clone()),
            redirect_uris: wish.redirect_uris.clone(),
            refreshes: wish.refresh,
            scopes: wish.scopes,
        };
        let (org, id) = (before.org, before.id);
        self.run(&wish.at, |session| oauth_client::edit(&session.authorize_in(org)?, id, edit))
    }

    fn make_client(
        &mut self,
        org: OrgId,
        service_account: Option<UserId>,
        wish: &OauthClientWish,
    ) -> Option<OauthClient> {
        let authentication = wish.authentication.unwrap_or_default();
        if authentication == Authentication::None && wish.secret.given().is_some() {
            self.fixed(
                &wish.at,
                "secret",
                "a client whose authentication is none has no secret; leave it out",
            );
        }
        let new = NewOauthClient {
            id: wish.id.to_make(),
            name: wish.name.clone(),
            redirect_uris: wish.redirect_uris.clone().unwrap_or_default(),
            refreshes: wish.refresh.unwrap_or_default(),
            service_account,
            scopes: wish.scopes.unwrap_or(OauthClient::USUAL_SCOPES),
            authentication: authentication.by(wish.secret.to_make()),
        };
        let now = self.now;
        let made =
            self.run(&wish.at, |session| oauth_client::register(&session.authorize_in(org)?, new, now))?;
        if let (Secret::Fresh(secret), Some(_)) = (&wish.secret, made.authentication.digest()) {
            self.outcome.made_keys.push(MadeKey {
                kind: "oauth_client".to_owned(),
                org: self.org_name(org),
                owner: service_account.and_then(|account| self.email_of(account)),
                name: made.name.to_string(),
                id: made.id.to_string(),
                key: secret.expose().to_owned(),
            });
        }
        Some(made)
    }

    /// How a client proves itself, and whom it acts as, is settled when it is registered.
    fn refuse_new_proof(
        &mut self,
        kept: &OauthClient,
        service_account: Option<UserId>,
        wish: &OauthClientWish,
    ) {
        if service_account.is_some() && service_account != kept.service_account {
            let acts_as = kept.service_account.and_then(|account| self.email_of(account));
            let acts_as = acts_as.unwrap_or_else(|| "no service account".to_owned());
            let message = format!("the client acts as {acts_as}, and keeps to that; {ANOTHER}");
            self.fixed(&wish.at, "service_account", message);
        }
        let method = kept.authentication.as_str();
        let secret = wish.secret.to_make();
        if wish.authentication.is_some_and(|wanted| wanted.by(secret).as_str() != method) {
            let message = format!("the authentication of the client is {method}, and stays that; {ANOTHER}");
            self.fixed(&wish.at, "authentication", message);
        }
        let digest = wish.secret.given().map(TokenSecret::digest);
        if digest.is_some() && digest.as_ref() != kept.authentication.digest() {
            let message = match kept.authentication.digest() {
                Some(_) => format!("the client has another secret, and keeps it; {ANOTHER}"),
                None => "the client has no secret; leave it out".to_owned(),
            };
            self.fixed(&wish.at, "secret", message);
        }
    }

    fn find_service_account(&mut self, org: OrgId, reference: &Reference) -> Option<UserId> {
        match names::user(self.state(), org, &reference.named) {
            Ok(user) => Some(user.id),
            // Why one of the users is not there has been said already.
            Err(_) if self.whole_orgs.get(&org) == Some(&false) => None,
            Err(_) => {
                let message = format!("the organization has no user {:?}", reference.named);
                self.outcome.problems.push(reference.at.problem(message));
                None
            }
        }
    }

    fn email_of(&self, user: UserId) -> Option<String> {
        self.state().user(user).map(|user| user.email.to_string())
    }
}
