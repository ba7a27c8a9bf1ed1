//! The access tokens of the cast: an OAuth2 client of the source that acts as its service account.

use orgbridge_domain::token::{self, NewTokens, Presented};
use orgbridge_domain::{
    ClientAuthentication, ClientProof, KeyDigest, NewOauthClient, OauthClientId, Permission, PermissionSet,
    SecretUse, SiteScope, TokenId, TokenSecret, oauth_client,
};
use orgbridge_ledger::Ledger;

use crate::cast::id;
use crate::{Persona, TestApi, TestOrg, TestUser};

/// The id of the client.
pub(crate) fn client_id() -> OauthClientId {
    id(0x600)
}

/// What the client proves itself by.
pub(crate) fn client_secret() -> TokenSecret {
    TokenSecret::from_random(SecretUse::Client, [0xc5; TokenSecret::BYTES])
}

/// The access token that a persona shows, if it shows one.
pub(crate) fn access_token(persona: Persona) -> Option<TokenSecret> {
    let number = match persona {
        Persona::Token => 0xa1,
        Persona::ExpiredToken => 0xa2,
        Persona::RevokedToken => 0xa3,
        _ => return None,
    };
    Some(TokenSecret::from_random(SecretUse::Access, [number; TokenSecret::BYTES]))
}

/// Registers the client.
pub(crate) async fn register(api: &TestApi) {
    api.operate(|session, now| {
        let new = NewOauthClient {
            id: client_id(),
            name: "Deployments".parse().unwrap(),
            redirect_uris: Vec::new(),
            refreshes: false,
            service_account: Some(TestUser::Robot.id()),
            scopes: PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsWrite]),
            authentication: ClientAuthentication::Basic(client_secret().digest()),
        };
        oauth_client::register(&session.authorize_in(TestOrg::Source.id())?, new, now)
    })
    .await;
}

/// Lets the client come by the token of a persona, as of now.
pub(crate) async fn issue(ledger: &Ledger, persona: Persona) {
    let secret = access_token(persona).expect("a persona with a token");
    let proof = proof();
    let presented = Presented::Nothing(Some(PermissionSet::of(&[Permission::OrgConnectionsRead])));
    let number = 0x700 + persona as u128;
    let new = NewTokens {
        access: (token_id(persona), secret.digest()),
        refresh: (id(number + 0x100), KeyDigest::of(b"none")),
    };
    let view = ledger.view();
    let client = view.state.oauth_client(client_id()).expect("the client");
    let principal = token::acting_for(&view.state, client, &presented, SiteScope::Any).expect("a user");
    let rule = move |session: &orgbridge_domain::Session<'_>, now| {
        token::issue(&session.client(&proof)?, &presented, new, now)
    };
    let issued = ledger.commit(principal, "the-cast".parse().unwrap(), rule).await;
    issued.expect("a commit").expect("a token");
}

/// Has the client give the token of a persona back.
pub(crate) async fn revoke(ledger: &Ledger, persona: Persona) {
    let digest = access_token(persona).expect("a persona with a token").digest();
    let proof = proof();
    let view = ledger.view();
    let client = view.state.oauth_client(client_id()).expect("the client");
    let principal = token::acting_by(&view.state, client, &digest, SiteScope::Any).expect("a token");
    let rule = move |session: &orgbridge_domain::Session<'_>, _| {
        Ok(token::revoke(&session.client(&proof)?, &digest))
    };
    ledger.commit(principal, "the-cast".parse().unwrap(), rule).await.expect("a commit");
}

fn proof() -> ClientProof {
    ClientProof { client: client_id(), authentication: ClientAuthentication::Basic(client_secret().digest()) }
}

fn token_id(persona: Persona) -> TokenId {
    id(0x700 + persona as u128)
}
