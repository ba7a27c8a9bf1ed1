//! The pages on which users decide about OAuth2 clients.

use std::sync::Arc;

use axum::extract::State;
use orgbridge_domain::login::{self, NewLogin, Shown};
use orgbridge_domain::{
    AuthorizationId, Credential, LoginId, NewAuthorization, OauthProblem, Principal, Refusal, SecretUse,
    Session, SiteScope, TokenSecret, UserId, authenticate_login, authorization,
};
use orgbridge_ledger::{CommitError, RequestId, Unavailable, View};

use orgbridge_issuer::{LoginError, SignIn, Token};

use crate::IssuerLogin;
use crate::api::Api;
use crate::authorize::{
    AuthorizationRequest, AuthorizeQuery, Begun, Browser, CameBack, Decided, Elsewhere, LoggedIn,
    LoginCookie, PageOrRedirect, Problem, Returned, SentElsewhere, Trip, Trouble, consent_page, login_page,
};
use crate::error::ApiError;
use crate::external::seconds;
use crate::extract::{Anyone, FormBody};
use crate::openapi::{Prose, Tag};
use crate::wire::{DecisionForm, LoginForm, read_scope, to_scope};

/// What is shown for a key that is none. It doesn't say which of all that can be wrong is.
const NO_SUCH_KEY: &str = "This is not a live application key here. Check it and try again.";

/// What is shown where an issuer outside has vouched for nobody.
const NOT_SAID: &str = "You were not signed in there, or in a way that is not accepted here. Try again.";

/// What is shown where it has vouched for somebody who is no enabled user.
const NOBODY_HERE: &str = "Nobody here has the address that you signed in with, or it was not verified there. Log in as somebody else.";

const NOT_OF_THE_ACCOUNT: &str = "You can\u{2019}t let this application act for you: it belongs to another account. Log in as somebody else.";

pub(crate) const PAGE: Prose = Prose {
    id: "GetOAuthAuthorizationPage",
    tag: Tag::Oauth,
    summary: "Ask a user to let a client act for them",
    description: "For browsers. Shows a page on which the user logs in, and then one on which they decide, as RFC 6749 has \
                  it; `code_challenge` is required (RFC 7636, method S256). What is wrong is told to the client in a redirect \
                  with `error`, `state` and `iss`; where the client or its redirect URI is unknown, it is told on a page.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Stale)],
};

/// Shows the page on which somebody logs in or decides.
pub(crate) async fn page(
    anyone: Anyone,
    State(api): State<Api>,
    browser: Browser,
    query: AuthorizeQuery,
) -> Result<Begun, ApiError> {
    let issuer = api.issuer.of(anyone.asked);
    let view = view_for(&api, (&browser, &query), anyone.asked, &issuer).await?;
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(Begun),
    };
    let cookie = browser.login(&issuer).filter(|_| !asked.wants_login);
    let Some((cookie, principal)) = cookie.and_then(|cookie| who(&api, &view, cookie, anyone.asked)) else {
        return Ok(Begun(who_is_it(&api, &view, &asked, None)));
    };
    let session = Session::new(&view.state, principal, api.ledger.now());
    match authorization::offer(&session, asked.client.id, asked.scopes) {
        Ok(offered) => {
            let (org, user) = session.whoami()?;
            let proof = cookie.proof_of(&asked.query, &to_scope(offered));
            let offered = (offered, session.shown()?);
            let page = consent_page(&asked, offered, owner(&view, &asked), (user, org), &proof);
            Ok(Begun(PageOrRedirect::Page(page)))
        }
        // Somebody else may be able to.
        Err(Refusal::Oauth(OauthProblem::User)) => {
            Ok(Begun(who_is_it(&api, &view, &asked, Some(Trouble::Key(NOT_OF_THE_ACCOUNT)))))
        }
        Err(refusal) => refused(asked, refusal).map(Begun),
    }
}

pub(crate) const LOG_IN: Prose = Prose {
    id: "LogInForOAuth",
    tag: Tag::Oauth,
    summary: "Log in to decide about a client",
    description: "For the form of the page. Gives the browser a cookie that lasts for 15 minutes and is good for nothing but \
                  to decide.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Logs somebody in, and sends the browser on to the page on which they decide.
pub(crate) async fn log_in(
    anyone: Anyone,
    State(api): State<Api>,
    (browser, query): (Browser, AuthorizeQuery),
    FormBody(form): FormBody<LoginForm>,
) -> Result<LoggedIn, ApiError> {
    browser.check_origin()?;
    let (issuer, digest) = (api.issuer.of(anyone.asked), form.application_key());
    let knows = |view: &View| {
        query.is_of_a_client(&view.state, anyone.asked, &issuer)
            && view.state.application_key_by_digest(&digest).is_some()
    };
    let view = api.view_that(knows).await?;
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(LoggedIn),
    };
    let key = view.state.application_key_by_digest(&digest);
    let logged_in = match key {
        None => None,
        Some(key) => {
            let shown = Shown::ApplicationKey(key.id);
            start_session(&api, &view, (key.owner, shown), anyone.asked, anyone.request).await?
        }
    };
    let Some(secret) = logged_in else {
        return Ok(LoggedIn(who_is_it(&api, &view, &asked, Some(Trouble::Key(NO_SUCH_KEY)))));
    };
    api.ledger.note_use(key.map(|key| key.id.into()));
    let cookie = LoginCookie::header_of(&secret, &issuer);
    Ok(LoggedIn(PageOrRedirect::Decide { query: asked.query, cookie }))
}

pub(crate) const LOG_IN_ELSEWHERE: Prose = Prose {
    id: "LogInElsewhereForOAuth",
    tag: Tag::Oauth,
    summary: "Log in at an issuer outside to decide about a client",
    description: "For the form of the page, where `oauth.login` names an issuer. Sends the browser there, with a cookie that \
                  lasts for ten minutes, as OpenID Connect Core 1.0 has it (section 3.1; with PKCE).",
    refusals: || vec![nowhere_else(), ApiError::SilentIssuer],
};

/// Sends the browser to an issuer outside.
pub(crate) async fn log_in_elsewhere(
    anyone: Anyone,
    State(api): State<Api>,
    (browser, query): (Browser, AuthorizeQuery),
) -> Result<SentElsewhere, ApiError> {
    browser.check_origin()?;
    let (view, issuer) = (api.fresh_view()?, api.issuer.of(anyone.asked));
    let elsewhere = api.issuer_login.as_ref().ok_or_else(nowhere_else)?;
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(SentElsewhere),
    };
    let trip = Trip::begin(api.secret()?, &asked.query, api.ledger.now());
    let cookie = trip.cookie(&issuer)?;
    let location = elsewhere.issuer.location(&trip.told(&issuer).sign_in()).await;
    let location = location.map_err(|_| ApiError::SilentIssuer)?;
    Ok(SentElsewhere(PageOrRedirect::Elsewhere { location, cookie }))
}

pub(crate) const COME_BACK: Prose = Prose {
    id: "ComeBackForOAuth",
    tag: Tag::Oauth,
    summary: "Come back from an issuer outside",
    description: "For browsers that were sent to the issuer. Exchanges the code for an ID token, checks it, and logs in the \
                  user whom it means; the browser is sent on to the page on which they decide.",
    refusals: || vec![nowhere_else(), ApiError::SilentIssuer, ApiError::Unavailable(Unavailable::Full)],
};

/// Logs in whoever the issuer says it is, and sends the browser on to the page on which they decide.
pub(crate) async fn come_back(
    anyone: Anyone,
    State(api): State<Api>,
    browser: Browser,
    returned: Returned,
) -> Result<CameBack, ApiError> {
    let issuer = api.issuer.of(anyone.asked);
    let elsewhere = api.issuer_login.as_ref().ok_or_else(nowhere_else)?;
    let trip = browser.trip(&issuer, api.ledger.now()).filter(|trip| trip.proves(&returned.state));
    let trip = trip.ok_or_else(Returned::not_begun_here)?;
    let said = said_by(elsewhere, &trip.told(&issuer).sign_in(), &returned, &api).await?;
    // Only now: nobody waits for an issuer with what was known before.
    let view = api.fresh_view()?;
    let forget = Trip::forget(&issuer);
    let asked = match AuthorizeQuery::of(&trip).read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(|to| CameBack { to, forget }),
    };
    let user = said.and_then(|said| elsewhere.user(&view.state, &said).ok_or(NOBODY_HERE));
    let secret = match user {
        Ok(user) => {
            let started = start_session(&api, &view, (user, Shown::Issuer), anyone.asked, anyone.request);
            started.await?.ok_or(NOBODY_HERE)
        }
        Err(problem) => Err(problem),
    };
    let to = match secret {
        Ok(secret) => {
            let cookie = LoginCookie::header_of(&secret, &issuer);
            PageOrRedirect::Decide { query: asked.query, cookie }
        }
        Err(problem) => who_is_it(&api, &view, &asked, Some(Trouble::Issuer(problem))),
    };
    Ok(CameBack { to, forget })
}

/// What the issuer says of whoever has come back; or else what they are told.
async fn said_by(
    elsewhere: &IssuerLogin,
    sign_in: &SignIn<'_>,
    returned: &Returned,
    api: &Api,
) -> Result<Result<Token, &'static str>, ApiError> {
    let is_another = returned.issuer.as_ref().is_some_and(|named| named != elsewhere.issuer.url().as_str());
    let Some(code) = returned.code.as_ref().filter(|_| !is_another) else { return Ok(Err(NOT_SAID)) };
    match elsewhere.issuer.redeem(code, sign_in, || seconds(api.ledger.now())).await {
        Ok(said) => Ok(Ok(said)),
        Err(LoginError::Code | LoginError::Distrusted(_)) => Ok(Err(NOT_SAID)),
        Err(LoginError::Silent) => Err(ApiError::SilentIssuer),
    }
}

pub(crate) const DECIDE: Prose = Prose {
    id: "DecideAboutOAuthClient",
    tag: Tag::Oauth,
    summary: "Allow a client what it asks for, or don\u{2019}t",
    description: "For the form of the page. The browser is sent back to the client with a code that is good for a minute, or \
                  with `error=access_denied`.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Sends the browser back to the client with what the user has decided.
pub(crate) async fn decide(
    anyone: Anyone,
    State(api): State<Api>,
    (browser, query): (Browser, AuthorizeQuery),
    FormBody(form): FormBody<DecisionForm>,
) -> Result<Decided, ApiError> {
    browser.check_origin()?;
    let issuer = api.issuer.of(anyone.asked);
    let view = view_for(&api, (&browser, &query), anyone.asked, &issuer).await?;
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(Decided),
    };
    let login = browser.login(&issuer).and_then(|cookie| who(&api, &view, cookie, anyone.asked));
    let login = login.filter(|(cookie, _)| cookie.proves((&asked.query, &form.scope), &form.proof));
    // Whoever took too long, or comes from a page that was not made for them, begins again.
    let Some(((_, principal), shown)) = login.zip(read_scope(&form.scope).ok()) else {
        return Ok(Decided(PageOrRedirect::Decide { query: asked.query, cookie: None }));
    };
    if !form.allows()? {
        let denied = asked.redirect.refusal("access_denied", "the user does not allow it");
        return Ok(Decided(PageOrRedirect::Client(denied)));
    }
    let code = TokenSecret::from_random(SecretUse::Code, api.secret()?);
    let new = NewAuthorization {
        id: AuthorizationId::new(api.ids.next()),
        client: asked.client.id,
        // Nobody allows what they have not read, whatever they or the client may do since then.
        scopes: asked.scopes.intersection(shown),
        code: code.digest(),
        redirect_uri: asked.redirect.uri().clone(),
        challenge: asked.challenge,
    };
    let allow = move |session: &Session<'_>, now| authorization::allow(session, new.clone(), now);
    match api.commit(principal, anyone.request, allow).await {
        Ok(_) => Ok(Decided(PageOrRedirect::Client(asked.redirect.code(&code)))),
        Err(CommitError::Refused(refusal)) => refused(asked, refusal).map(Decided),
        Err(CommitError::Unavailable(unavailable)) => Err(ApiError::Unavailable(unavailable)),
    }
}

/// Begins a login for somebody who has shown who they are, and returns its secret; `None` if they can't act here.
async fn start_session(
    api: &Api,
    view: &View,
    (user, shown): (UserId, Shown),
    asked: SiteScope,
    request: RequestId,
) -> Result<Option<TokenSecret>, ApiError> {
    let Some(org) = view.state.user(user).map(|user| user.org) else { return Ok(None) };
    let secret = TokenSecret::from_random(SecretUse::Login, api.secret()?);
    let id = LoginId::new(api.ids.next());
    let principal = Principal::User { org, user, credential: Credential::Login(id), asked };
    let new = NewLogin { id, user, shown, digest: secret.digest() };
    match api.commit(principal, request, move |session, now| login::start(session, new, now)).await {
        Ok(_) => Ok(Some(secret)),
        Err(CommitError::Refused(Refusal::Unauthorized(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A view that knows the client that asks and who sits before the browser, wherever those were made.
async fn view_for(
    api: &Api,
    (browser, query): (&Browser, &AuthorizeQuery),
    asked: SiteScope,
    issuer: &str,
) -> Result<Arc<View>, ApiError> {
    let knows = |view: &View| {
        let login = browser.login(issuer);
        query.is_of_a_client(&view.state, asked, issuer)
            && login.is_none_or(|cookie| who(api, view, cookie, asked).is_some())
    };
    api.view_that(knows).await
}

/// Who sits before the browser, if they have logged in.
fn who(api: &Api, view: &View, cookie: LoginCookie, asked: SiteScope) -> Option<(LoginCookie, Principal)> {
    let principal = authenticate_login(&view.state, &cookie.digest(), asked, api.ledger.now());
    principal.ok().map(|principal| (cookie, principal))
}

/// The page on which somebody says who they are.
fn who_is_it(
    api: &Api,
    view: &View,
    asked: &AuthorizationRequest,
    trouble: Option<Trouble<'_>>,
) -> PageOrRedirect {
    let elsewhere = api.issuer_login.as_ref().map(|login| Elsewhere {
        host: login.issuer.url().host().to_owned(),
        origins: login.issuer.origins(),
    });
    PageOrRedirect::Page(login_page(asked, owner(view, asked), elsewhere.as_ref(), trouble))
}

fn nowhere_else() -> ApiError {
    let problem = "this server has no issuer at which users log in; log in with an application key";
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

/// The name of the org that registered the client.
fn owner<'v>(view: &'v View, asked: &AuthorizationRequest) -> &'v str {
    view.state.org(asked.client.org).map_or("", |org| org.name.as_str())
}

fn told(problem: Problem) -> Result<PageOrRedirect, ApiError> {
    match problem {
        Problem::OfThePage(error) => Err(error),
        Problem::OfTheClient(redirect) => Ok(PageOrRedirect::Client(redirect)),
    }
}

/// What is done where whoever is logged in can't allow what is asked for.
fn refused(asked: AuthorizationRequest, refusal: Refusal) -> Result<PageOrRedirect, ApiError> {
    match refusal {
        Refusal::Oauth(problem @ (OauthProblem::Scope | OauthProblem::User)) => {
            let code = if problem == OauthProblem::Scope { "invalid_scope" } else { "access_denied" };
            Ok(PageOrRedirect::Client(asked.redirect.refusal(code, problem.hint())))
        }
        Refusal::Unauthorized(_) => Ok(PageOrRedirect::Decide { query: asked.query, cookie: None }),
        other => Err(other.into()),
    }
}
