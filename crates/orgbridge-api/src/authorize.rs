//! The pages on which a user logs in and decides about an OAuth2 client.
//!
//! They are forms without a script. A browser that has logged in holds a secret in a cookie, of which the ledger keeps the
//! digest, so that any process of a deployment knows it. One that logs in at an issuer outside remembers a [`Trip`]. [`AuthorizationRequest`] says what is asked for, and whether
//! what is wrong with it may be told to the client: only a place that the client is registered to be answered at is ever
//! sent anything. Source: RFC 6749, section 4.1; RFC 7636; RFC 9207; RFC 9700, section 4.

mod browser;
mod page;
mod redirect;
mod request;
mod returned;
mod trip;

pub(crate) use browser::{Browser, LoginCookie};
pub(crate) use page::{
    Begun, CameBack, Decided, Elsewhere, HTML, LoggedIn, PageOrRedirect, SentElsewhere, Trouble,
    consent_page, error_page, login_page,
};
pub(crate) use redirect::Redirect;
pub(crate) use request::{AuthorizationRequest, AuthorizeQuery, Problem};
pub(crate) use returned::Returned;
pub(crate) use trip::Trip;
