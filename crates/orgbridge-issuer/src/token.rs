//! What an issuer says of somebody, and whether it is to be believed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use serde::Deserialize;
use serde_json::Value;

use crate::times::{Times, Untimely};
use crate::{Algorithm, KeySet, SecureUrl};

/// The most bytes of a token that is looked at.
const MAX_BYTES: usize = 8 * 1024;

/// What a token is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What its bearer may do: an access token.
    Access,
    /// Who has logged in, to one client: an ID token.
    Id,
}

impl Kind {
    /// Whether a token of this type, in lower case and without `application/`, may be one. Source: RFC 9068, section 2.1,
    /// beside which is what issuers wrote before; `OpenID` Connect Core 1.0, section 2, where nothing need be said.
    fn is_written(self, kind: &str) -> bool {
        match self {
            Self::Access => matches!(kind, "at+jwt" | "jwt"),
            Self::Id => matches!(kind, "" | "jwt"),
        }
    }
}

/// What an issuer says of somebody, by a token that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whom the issuer means.
    pub subject: Option<String>,
    /// Their email address, where the issuer says that it has seen it to be theirs.
    pub verified_email: Option<String>,
    /// What the issuer calls the token.
    pub id: Option<String>,
    /// What it lets through, as its claim `scope` has it. None where there is no such claim.
    pub scope: Vec<String>,
    /// The same from its claim `scp`.
    pub scp: Vec<String>,
    /// The second since 1970 from which on it is good no longer.
    pub ends: i64,
}

/// Why a token is not believed. It repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It can't be read.
    #[error("the access token is no JSON Web Token that can be read")]
    Malformed,
    /// It is something else than an access token, or asks for what is not understood.
    #[error("the access token is of another type than at+jwt or JWT, or has critical extensions")]
    Type,
    /// It is signed in a way that is not taken, or not at all.
    #[error("the access token is signed by an algorithm that is not accepted here")]
    Algorithm,
    /// No key of the issuer is the one that it names.
    #[error("the access token is signed by no key that its issuer publishes")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature of the access token is wrong")]
    Signature,
    /// It is somebody else's word.
    #[error("the access token is of an issuer that is not accepted here")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the access token is meant for another audience")]
    Audience,
    /// It answers another question than the one that was asked.
    #[error("the access token has another nonce than was asked for")]
    Nonce,
    /// It is good no longer.
    #[error("the access token has expired")]
    Expired,
    /// It is not good yet.
    #[error("the access token is not valid yet")]
    NotYet,
    /// It says no time at which it ends, or times that can't be.
    #[error("the access token has no claim exp, or times that can't be")]
    Times,
    /// Nobody knows the issuer's keys now.
    #[error("the keys of the issuer are not known now")]
    NoKeys,
}

impl From<Untimely> for Distrust {
    fn from(untimely: Untimely) -> Self {
        match untimely {
            Untimely::Expired => Self::Expired,
            Untimely::NotYet => Self::NotYet,
            Untimely::Impossible => Self::Times,
        }
    }
}

/// What a token has to be.
#[derive(Debug)]
pub(crate) struct Expected<'e> {
    pub(crate) kind: Kind,
    /// What was asked to be said in it again, where it is an ID token.
    pub(crate) nonce: Option<&'e str>,
    pub(crate) issuer: &'e SecureUrl,
    pub(crate) audience: &'e str,
    pub(crate) algorithms: &'e [Algorithm],
}

/// The head of a token, as far as it is looked at.
#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

/// How a token says that it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedBy {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMore>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    sub: Option<String>,
    jti: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    scope: Option<OneOrMore>,
    scp: Option<OneOrMore>,
    nonce: Option<String>,
    azp: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(only) => only == wanted,
            Self::More(all) => all.iter().any(|one| one == wanted),
        }
    }

    fn is_only(&self, wanted: &str) -> bool {
        match self {
            Self::One(only) => only == wanted,
            Self::More(all) => all.len() == 1 && self.holds(wanted),
        }
    }

    /// The words in it: issuers write them behind each other or as a list.
    fn words(self) -> Vec<String> {
        let texts = match self {
            Self::One(only) => vec![only],
            Self::More(all) => all,
        };
        texts.iter().flat_map(|text| text.split_ascii_whitespace()).map(str::to_owned).collect()
    }
}

/// How `token` is signed, by its own word.
pub(crate) fn signed_by(token: &[u8], kind: Kind, algorithms: &[Algorithm]) -> Result<SignedBy, Distrust> {
    if token.len() > MAX_BYTES {
        return Err(Distrust::Malformed);
    }
    let head = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    let head = BASE64_URL_SAFE_NO_PAD.decode(head).map_err(|_| Distrust::Malformed)?;
    let Head { alg, typ, kid, crit } = serde_json::from_slice(&head).map_err(|_| Distrust::Malformed)?;
    let written = typ.unwrap_or_default().to_ascii_lowercase();
    let written = written.strip_prefix("application/").unwrap_or(&written);
    if !kind.is_written(written) || crit.is_some() {
        return Err(Distrust::Type);
    }
    let algorithm = alg.parse().ok().filter(|one| algorithms.contains(one)).ok_or(Distrust::Algorithm)?;
    Ok(SignedBy { algorithm, key: kid })
}

/// Reads `token`, if it is what was expected and good at `now`, in seconds since 1970.
pub(crate) fn read(
    token: &[u8],
    keys: &KeySet,
    expected: &Expected<'_>,
    now: i64,
) -> Result<Token, Distrust> {
    let SignedBy { algorithm, key } = signed_by(token, expected.kind, expected.algorithms)?;
    let key = keys.find(key.as_deref(), algorithm).ok_or(Distrust::UnknownKey)?;
    // The library tells the time by a clock of its own, so that it is asked about the signature alone.
    let mut signature_alone = Validation::new(algorithm.of_library());
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_nbf = false;
    signature_alone.validate_aud = false;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &signature_alone);
    let claims = claims.map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Distrust::Signature,
        _ => Distrust::Malformed,
    })?;
    believe(claims.claims, expected, now)
}

fn believe(claims: Claims, expected: &Expected<'_>, now: i64) -> Result<Token, Distrust> {
    if claims.iss.as_deref() != Some(expected.issuer.as_str()) {
        return Err(Distrust::Issuer);
    }
    if !claims.aud.as_ref().is_some_and(|audience| audience.holds(expected.audience)) {
        return Err(Distrust::Audience);
    }
    if expected.kind == Kind::Id {
        believe_login(&claims, expected)?;
    }
    let expires = claims.exp.ok_or(Distrust::Times)?;
    let ends = Times { expires, begins: claims.nbf, issued: claims.iat }.check(now)?;
    let is_verified = claims.email_verified == Some(Value::Bool(true));
    Ok(Token {
        subject: claims.sub,
        verified_email: claims.email.filter(|_| is_verified),
        id: claims.jti,
        scope: claims.scope.map(OneOrMore::words).unwrap_or_default(),
        scp: claims.scp.map(OneOrMore::words).unwrap_or_default(),
        ends,
    })
}

/// What has to hold of an ID token besides. Nobody else is to have it: it would let them in here. Source: `OpenID` Connect
/// Core 1.0, sections 2 and 3.1.3.7.
fn believe_login(claims: &Claims, expected: &Expected<'_>) -> Result<(), Distrust> {
    let is_for_us = claims.aud.as_ref().is_some_and(|audience| audience.is_only(expected.audience));
    if !is_for_us || claims.azp.as_deref().is_some_and(|party| party != expected.audience) {
        return Err(Distrust::Audience);
    }
    if claims.nonce.is_none() || claims.nonce.as_deref() != expected.nonce {
        return Err(Distrust::Nonce);
    }
    if claims.iat.is_none() {
        return Err(Distrust::Times);
    }
    if claims.sub.is_none() { Err(Distrust::Malformed) } else { Ok(()) }
}
