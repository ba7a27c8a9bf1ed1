//! The pages on which users decide about OAuth2 clients.

use axum::extract::State;
use orgbridge_domain::login::{self, NewLogin, Shown};
use orgbridge_domain::{
    AuthorizationId, Credential, LoginId, NewAuthorization, OauthProblem, Principal, Refusal, SecretUse,
    Session, SiteScope, TokenSecret, UserId, authenticate_login, authorization,
};
use orgbridge_ledger::{CommitError, RequestId, Unavailable, View};

use crate::api::Api;
use crate::authorize::{
    AuthorizationRequest, AuthorizeQuery, Begun, Browser, Decided, LoggedIn, LoginCookie, PageOrRedirect,
    Problem, consent_page, login_page,
};
use crate::error::ApiError;
use crate::extract::{Anyone, FormBody};
use crate::openapi::{Prose, Tag};
use crate::wire::{DecisionForm, LoginForm};

/// What is shown for a key that is none. It doesn't say which of all that can be wrong is.
const NO_SUCH_KEY: &str = "This is not a live application key here. Check it and try again.";

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
    let (view, issuer) = (fresh(&api)?, api.issuer.of(anyone.asked));
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(Begun),
    };
    let cookie = browser.login(&issuer).filter(|_| !asked.wants_login);
    let Some((cookie, principal)) = cookie.and_then(|cookie| who(&api, &view, cookie, anyone.asked)) else {
        return Ok(Begun(PageOrRedirect::Page(login_page(&asked, owner(&view, &asked), None))));
    };
    let session = Session::new(&view.state, principal, api.ledger.now());
    match authorization::offer(&session, asked.client.id, asked.scopes) {
        Ok(offered) => {
            let (org, user) = session.whoami()?;
            let proof = cookie.proof_of(&asked.query);
            let page = consent_page(&asked, offered, owner(&view, &asked), (user, org), &proof);
            Ok(Begun(PageOrRedirect::Page(page)))
        }
        // Somebody else may be able to.
        Err(Refusal::Oauth(OauthProblem::User)) => {
            let page = login_page(&asked, owner(&view, &asked), Some(NOT_OF_THE_ACCOUNT));
            Ok(Begun(PageOrRedirect::Page(page)))
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
    let (view, issuer) = (fresh(&api)?, api.issuer.of(anyone.asked));
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(LoggedIn),
    };
    let key = view.state.application_key_by_digest(&form.application_key());
    let logged_in = match key {
        None => None,
        Some(key) => {
            let shown = Shown::ApplicationKey(key.id);
            start_session(&api, &view, (key.owner, shown), anyone.asked, anyone.request).await?
        }
    };
    let Some(secret) = logged_in else {
        let page = login_page(&asked, owner(&view, &asked), Some(NO_SUCH_KEY));
        return Ok(LoggedIn(PageOrRedirect::Page(page)));
    };
    api.ledger.note_use(key.map(|key| key.id.into()));
    let cookie = LoginCookie::header_of(&secret, &issuer);
    Ok(LoggedIn(PageOrRedirect::Decide { query: asked.query, cookie }))
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
    let (view, issuer) = (fresh(&api)?, api.issuer.of(anyone.asked));
    let asked = match query.read(&view.state, anyone.asked, &issuer) {
        Ok(asked) => asked,
        Err(problem) => return told(problem).map(Decided),
    };
    let login = browser.login(&issuer).and_then(|cookie| who(&api, &view, cookie, anyone.asked));
    // Whoever took too long, or comes from a page that was not made for them, begins again.
    let Some((_, principal)) = login.filter(|(cookie, _)| cookie.proves(&asked.query, &form.proof)) else {
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
        scopes: asked.scopes,
        code: code.digest(),
        redirect_uri: asked.redirect.uri().clone(),
        challenge: asked.challenge,
    };
    let allow = move |session: &Session<'_>, now| authorization::allow(session, new.clone(), now);
    match api.ledger.commit(principal, anyone.request, allow).await {
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
    match api.ledger.commit(principal, request, move |session, now| login::start(session, new, now)).await {
        Ok(_) => Ok(Some(secret)),
        Err(CommitError::Refused(Refusal::Unauthorized(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn fresh(api: &Api) -> Result<std::sync::Arc<View>, ApiError> {
    api.ledger.fresh_view().map_err(ApiError::Unavailable)
}

/// Who sits before the browser, if they have logged in.
fn who(api: &Api, view: &View, cookie: LoginCookie, asked: SiteScope) -> Option<(LoginCookie, Principal)> {
    let principal = authenticate_login(&view.state, &cookie.digest(), asked, api.ledger.now());
    principal.ok().map(|principal| (cookie, principal))
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
