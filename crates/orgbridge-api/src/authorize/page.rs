//! The pages themselves: forms that load nothing and run nothing.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use orgbridge_domain::login::Shown;
use orgbridge_domain::{Org, PermissionSet, User};
use schemars::json_schema;
use sha2::{Digest as _, Sha256};

use super::redirect::see_other;
use super::{AuthorizationRequest, Redirect};
use crate::error::{ApiError, FailedAuthentication};
use crate::html::Html;
use crate::openapi::{Answers, Outline};
use crate::router::{AUTHORIZE, LOGIN, LOGIN_ELSEWHERE};
use crate::wire::to_scope;

/// How the pages look.
const STYLE: &str = include_str!("page.css");

/// The media type of the pages.
pub(crate) const HTML: &str = "text/html";

const PAGE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const REFERRER_POLICY: (HeaderName, HeaderValue) =
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
const FRAME_OPTIONS: (HeaderName, HeaderValue) = (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));

/// A page for a browser. It may hold the proof of its form, so it has no `Debug`.
pub(crate) struct HtmlPage {
    status: StatusCode,
    text: String,
    /// The origins to which its forms lead in the end.
    leads_to: Vec<String>,
}

/// An issuer outside at which users may log in as well.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// What it is called.
    pub(crate) host: String,
    /// The origins that a browser may get to on the way.
    pub(crate) origins: Vec<String>,
}

/// What was wrong the last time that somebody tried to log in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble<'t> {
    /// With the key, or with whoever it stands for.
    Key(&'t str),
    /// With what the issuer outside said.
    Issuer(&'t str),
}

/// What a browser is shown, or where it is sent.
pub(crate) enum PageOrRedirect {
    /// A page.
    Page(HtmlPage),
    /// Back to the client.
    Client(Redirect),
    /// To the page on which one decides, now that one has logged in.
    Decide {
        /// What to decide about.
        query: String,
        /// What to know the browser by.
        cookie: Option<HeaderValue>,
    },
    /// To an issuer outside, to log in there.
    Elsewhere {
        /// Where.
        location: String,
        /// What it is known by when it comes back.
        cookie: Option<HeaderValue>,
    },
}

/// To whoever comes back from an issuer outside, for the one time that counts.
pub(crate) struct CameBack {
    /// What the browser is shown, or where it is sent.
    pub(crate) to: PageOrRedirect,
    /// What has it forget where it was.
    pub(crate) forget: Option<HeaderValue>,
}

impl Answers for CameBack {
    fn outline(outline: &mut Outline<'_>) {
        LoggedIn::outline(outline);
    }
}

impl IntoResponse for CameBack {
    fn into_response(self) -> Response {
        let mut response = self.to.into_response();
        if let Some(cookie) = self.forget {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The answers of one call, of which each gives some alone.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident: $($status:ident $description:literal)*;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) PageOrRedirect);

        impl Answers for $name {
            fn outline(outline: &mut Outline<'_>) {
                $(outline.page(StatusCode::$status, $description, json_schema!({"type": "string"}));)*
                outline.redirect("The browser is sent on: to the next page, or back to the client with the answer.");
            }
        }

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0.into_response()
            }
        }
    )+};
}

answers! {
    /// To whoever begins.
    Begun:
        OK "A page on which the user logs in, or decides."
        FORBIDDEN "A page on which somebody else may log in: whoever is logged in can\u{2019}t let the client act for them.";
    /// To whoever logs in.
    LoggedIn:
        FORBIDDEN "The page once more, with what was wrong.";
    /// To whoever logs in elsewhere.
    SentElsewhere: ;
    /// To whoever decides.
    Decided: ;
}

impl IntoResponse for PageOrRedirect {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => page.into_response(),
            Self::Client(redirect) => redirect.into_response(),
            Self::Decide { query, cookie } => sent_on(&format!("{AUTHORIZE}?{query}"), cookie),
            Self::Elsewhere { location, cookie } => sent_on(&location, cookie),
        }
    }
}

/// Sends the browser on with a cookie.
fn sent_on(location: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = see_other(location);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

impl IntoResponse for HtmlPage {
    fn into_response(self) -> Response {
        let Self { status, text, leads_to } = self;
        let mut response = (status, [(header::CONTENT_TYPE, PAGE)], text).into_response();
        let headers = response.headers_mut();
        keep_to_itself(headers);
        // A host of a redirect URI or an issuer has no mark that means something in a policy.
        if let Ok(policy) = HeaderValue::from_str(&policy(&leads_to)) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if status == StatusCode::FORBIDDEN {
            response.extensions_mut().insert(FailedAuthentication);
        }
        response
    }
}

/// No other page learns of this one, holds it in a frame, or is told where its visitor comes from.
pub(super) fn keep_to_itself(headers: &mut HeaderMap) {
    headers.extend([REFERRER_POLICY, FRAME_OPTIONS]);
}

/// What a browser may load for a page, and where its forms may lead, which browsers ask of each redirect as well.
fn policy(leads_to: &[String]) -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let mut policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'");
    for origin in leads_to {
        // Writing to a string can't fail.
        let _ = write!(policy, " {}", source_of(origin));
    }
    policy + "; frame-ancestors 'none'"
}

/// How a policy names an origin. Its grammar knows no address in brackets, and a browser ignores what it can't read; so of
/// such a host the scheme alone is named. Source: Content Security Policy Level 3, section 2.3.1.
fn source_of(origin: &str) -> &str {
    match origin.split_once("://[") {
        Some((scheme, _)) => &origin[..=scheme.len()],
        None => origin,
    }
}

/// The page on which somebody logs in, here or `elsewhere`.
pub(crate) fn login_page(
    asked: &AuthorizationRequest,
    org: &str,
    elsewhere: Option<&Elsewhere>,
    trouble: Option<Trouble<'_>>,
) -> HtmlPage {
    let (of_key, of_issuer) = match trouble {
        None => (None, None),
        Some(Trouble::Key(problem)) => (Some(problem), None),
        Some(Trouble::Issuer(problem)) => (None, Some(problem)),
    };
    let target = format!("{LOGIN}?{}", asked.query);
    let mut field = vec![
        ("id", "application_key"),
        ("name", "application_key"),
        ("type", "password"),
        ("autocomplete", "off"),
        ("spellcheck", "false"),
        ("required", ""),
        ("autofocus", ""),
    ];
    if of_key.is_some() {
        field.extend([("aria-invalid", "true"), ("aria-describedby", "hint problem")]);
    } else {
        field.push(("aria-describedby", "hint"));
    }
    let asks = [
        Html::element("strong", &[], [name(asked.client.name.as_str())]),
        Html::text(" of "),
        Html::element("strong", &[], [name(org)]),
        Html::text(" asks to act for you. Log in to decide."),
    ];
    let form = [
        Html::element("label", &[("for", "application_key")], [Html::text("Application key")]),
        Html::element(
            "p",
            &[("id", "hint"), ("class", "hint")],
            [Html::text(
                "One of your own application keys: 40 digits and letters from a to f. Only what the key may do can be allowed.",
            )],
        ),
        of_key.map_or(Html::nothing(), problem_text),
        Html::void("input", &field),
        button(&[("type", "submit")], "Log in"),
    ];
    let main = [
        of_key.map_or(Html::nothing(), |problem| summary("#application_key", problem)),
        of_issuer.map_or(Html::nothing(), |problem| summary("#elsewhere", problem)),
        Html::element("h1", &[], [Html::text("Log in")]),
        Html::element("p", &[], asks),
        Html::element("form", &[("method", "post"), ("action", &target)], form),
        elsewhere.map_or(Html::nothing(), |elsewhere| elsewhere_form(asked, elsewhere, of_issuer)),
    ];
    let (title, status) = match trouble {
        Some(_) => ("Error: Log in", StatusCode::FORBIDDEN),
        None => ("Log in", StatusCode::OK),
    };
    let origins = elsewhere.map(|elsewhere| elsewhere.origins.clone()).unwrap_or_default();
    let leads_to = std::iter::once(asked.redirect.uri().origin().to_owned()).chain(origins).collect();
    HtmlPage { status, text: page(title, main), leads_to }
}

/// The form that sends a browser to the issuer outside. The browser takes it there by itself.
fn elsewhere_form(asked: &AuthorizationRequest, elsewhere: &Elsewhere, problem: Option<&str>) -> Html {
    let target = format!("{LOGIN_ELSEWHERE}?{}", asked.query);
    let mut attributes = vec![("type", "submit"), ("id", "elsewhere"), ("class", "second")];
    if problem.is_some() {
        attributes.push(("aria-describedby", "problem"));
    }
    let form = [
        problem.map_or(Html::nothing(), problem_text),
        button(&attributes, &format!("Sign in with {}", elsewhere.host)),
    ];
    Html::element("form", &[("method", "post"), ("action", &target)], form)
}

/// The page on which a user decides. `proof` shows that its form was made for them, and what it says.
pub(crate) fn consent_page(
    asked: &AuthorizationRequest,
    (offered, shown): (PermissionSet, Shown),
    client_org: &str,
    (user, org): (&User, &Org),
    proof: &str,
) -> HtmlPage {
    let client = asked.client.name.as_str();
    let target = format!("{AUTHORIZE}?{}", asked.query);
    let other = format!("{target}&prompt=login");
    let scopes = offered.iter().map(|permission| {
        Html::element(
            "li",
            &[],
            [strong(permission.display_name()), Html::text(format!(": {}", permission.description()))],
        )
    });
    let facts = [
        ("Application", name(client)),
        ("Registered by", name(client_org)),
        ("Sends you back to", Html::text(asked.redirect.uri().origin())),
        ("You", [name(user.name.as_str()), Html::text(format!(" ({})", user.email))].into_iter().collect()),
        ("Your organization", name(org.name.as_str())),
    ];
    let facts = facts.into_iter().map(|(term, fact)| {
        let term = Html::element("dt", &[], [Html::text(term)]);
        [term, Html::element("dd", &[], [fact])].into_iter().collect()
    });
    let form = [
        Html::void("input", &[("type", "hidden"), ("name", "proof"), ("value", proof)]),
        Html::void("input", &[("type", "hidden"), ("name", "scope"), ("value", &to_scope(offered))]),
        button(&[("type", "submit"), ("name", "decision"), ("value", "allow")], "Allow"),
        button(
            &[("type", "submit"), ("name", "decision"), ("value", "deny"), ("class", "second")],
            "Don\u{2019}t allow",
        ),
    ];
    let main = [
        Html::element("h1", &[], [Html::text("Let "), name(client), Html::text(" act for you?")]),
        Html::element("dl", &[], facts),
        Html::element("h2", &[], [Html::text("What it could do in your organization")]),
        Html::element("ul", &[], scopes),
        Html::element("p", &[], [Html::text(bounds(shown))]),
        Html::element("form", &[("method", "post"), ("action", &target)], form),
        Html::element(
            "p",
            &[],
            [Html::element("a", &[("href", &other)], [Html::text("Log in as somebody else")])],
        ),
    ];
    let title = format!("Let {client} act for you?");
    HtmlPage {
        status: StatusCode::OK,
        text: page(&title, main),
        leads_to: vec![asked.redirect.uri().origin().to_owned()],
    }
}

/// What bounds an application, by what its user has shown: tokens are bound to a key, and to no login elsewhere.
const fn bounds(shown: Shown) -> &'static str {
    match shown {
        Shown::ApplicationKey(_) => {
            "Never more than you may do yourself, and no longer than the key that you logged in with lasts. Whoever \
             operates this server can revoke the application."
        }
        Shown::Issuer => {
            "Never more than you may do yourself. It does not end when you log out where you signed in. Whoever operates \
             this server can revoke the application."
        }
    }
}

/// The page that says what is wrong, where nobody else can be told.
pub(crate) fn error_page(error: &ApiError) -> HtmlPage {
    let texts = error.to_errors().into_vec();
    let texts = if texts.len() > 1 { &texts[1..] } else { &texts[..] };
    let texts = texts.iter().map(|text| Html::element("p", &[], [Html::text(text)]));
    let title = Html::element("h1", &[], [Html::text("This can\u{2019}t go on")]);
    let text = page("This can\u{2019}t go on", [title].into_iter().chain(texts));
    HtmlPage { status: error.status(), text, leads_to: Vec::new() }
}

fn page(title: &str, main: impl IntoIterator<Item = Html>) -> String {
    Html::styled_page(&format!("{title} \u{2013} Orgbridge"), STYLE, [Html::element("main", &[], main)])
}

/// What was wrong, where it was.
fn problem_text(problem: &str) -> Html {
    Html::element("p", &[("id", "problem"), ("class", "problem")], [Html::text(problem)])
}

/// What was wrong, before all else, with a link to where it was.
fn summary(place: &str, problem: &str) -> Html {
    let link = Html::element("a", &[("href", place)], [Html::text(problem)]);
    Html::element(
        "div",
        &[("class", "summary"), ("role", "alert"), ("aria-labelledby", "summary")],
        [
            Html::element("h2", &[("id", "summary")], [Html::text("There is a problem")]),
            Html::element("p", &[], [link]),
        ],
    )
}

/// A name that somebody chose. What it holds of marks of direction turns nothing around it.
fn name(text: &str) -> Html {
    Html::element("bdi", &[], [Html::text(text)])
}

fn strong(text: &str) -> Html {
    Html::element("strong", &[], [Html::text(text)])
}

fn button(attributes: &[(&'static str, &str)], text: &str) -> Html {
    Html::element("button", attributes, [Html::text(text)])
}
