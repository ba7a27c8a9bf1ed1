//! What Orgbridge believes of an issuer outside: an authorization server that somebody else runs.
//!
//! - a [`KeySet`] are the public keys that it publishes;
//! - a [`Token`] is what it says of somebody, once its signature, its times and whom it is meant for were checked;
//! - an [`Issuer`] fetches the keys, keeps them fresh, and reads tokens;
//! - a [`LoginIssuer`] is one at which people log in: it says where to send them, and who has come back.
//!
//! Nothing here knows what a token lets anybody do.
//!
//! # Absent on purpose
//! - Signatures with a shared secret, and `none`: no value of [`Algorithm`] stands for them.
//! - Redirects, and `http` anywhere but on this machine: whoever can answer for the issuer makes users of us.
//! - Keys that a token brings along (`jwk`, `jku`, `x5u`): a stranger's word for a stranger's word.

mod algorithm;
mod fetch;
mod issuer;
mod key_set;
mod login;
mod ring_provider;
mod times;
mod token;
mod url;

pub use algorithm::{Algorithm, NotAnAlgorithm};
pub use fetch::{FetchError, WebClient};
pub use issuer::{Issuer, IssuerOptions, Uptime};
pub use key_set::{KeySet, NotAKeySet};
pub use login::{LoginError, LoginIssuer, LoginOptions, SignIn};
pub use token::{Distrust, Token};
pub use url::{NotASecureUrl, SecureUrl};
