//! What a caller shows to say who they are.
//!
//! Source: contract, section 2.

use axum::http::{HeaderMap, HeaderName, header};
use orgbridge_domain::{KeyDigest, NotAuthenticated};
use orgbridge_issuer::Distrust;

const DD_API_KEY: HeaderName = HeaderName::from_static("dd-api-key");
const DD_APPLICATION_KEY: HeaderName = HeaderName::from_static("dd-application-key");

/// Names under which clients have put credentials into query strings, without hyphens and prefix.
const PARAMETERS: [&str; 4] = ["api_key", "app_key", "application_key", "access_token"];

/// Why a caller is nobody. It never repeats what was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialProblem {
    #[error("the headers DD-API-KEY and DD-APPLICATION-KEY are missing")]
    NoKeys,
    #[error("the header DD-API-KEY is missing")]
    NoApiKey,
    #[error("the header DD-APPLICATION-KEY is missing")]
    NoApplicationKey,
    #[error("the header {0} is given more than once; send it once")]
    Repeated(&'static str),
    #[error(
        "credentials in a query string end up in logs; send DD-API-KEY and DD-APPLICATION-KEY as headers"
    )]
    InQuery,
    #[error(
        "the Authorization header holds no access token; send `Bearer` and a token, or DD-API-KEY and \
         DD-APPLICATION-KEY as headers"
    )]
    NotABearer,
    #[error(transparent)]
    NotBelieved(#[from] Distrust),
    #[error(transparent)]
    NotLive(#[from] NotAuthenticated),
}

/// The credentials of a request that are not empty, not yet looked up.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'r> {
    api_key: Option<&'r [u8]>,
    application_key: Option<&'r [u8]>,
    authorization: Option<&'r [u8]>,
}

/// What decides who the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials<'r> {
    /// Two keys, by digest.
    Keys { api_key: KeyDigest, application_key: KeyDigest },
    /// The access token of an OAuth2 client, as it was sent.
    AccessToken(&'r [u8]),
}

impl<'r> Presented<'r> {
    /// Reads what was sent.
    ///
    /// # Errors
    /// [`CredentialProblem::Repeated`] and [`CredentialProblem::InQuery`].
    pub(crate) fn read(headers: &'r HeaderMap, query: Option<&str>) -> Result<Self, CredentialProblem> {
        if query.is_some_and(holds_credentials) {
            return Err(CredentialProblem::InQuery);
        }
        Ok(Self {
            api_key: single(headers, &DD_API_KEY, "DD-API-KEY")?,
            application_key: single(headers, &DD_APPLICATION_KEY, "DD-APPLICATION-KEY")?,
            authorization: single(headers, &header::AUTHORIZATION, "Authorization")?
                .filter(|value| !value.eq_ignore_ascii_case(b"Bearer")),
        })
    }

    /// The API key alone.
    pub(crate) fn api_key(&self) -> Option<KeyDigest> {
        self.api_key.map(KeyDigest::of)
    }

    /// Chooses what decides: both keys where they are there, and otherwise the access token.
    ///
    /// # Errors
    /// Which is missing.
    pub(crate) fn choose(&self) -> Result<Credentials<'r>, CredentialProblem> {
        match (self.api_key, self.application_key, self.authorization) {
            (Some(api_key), Some(application_key), _) => Ok(Credentials::Keys {
                api_key: KeyDigest::of(api_key),
                application_key: KeyDigest::of(application_key),
            }),
            (_, _, Some(authorization)) => {
                bearer(authorization).map(Credentials::AccessToken).ok_or(CredentialProblem::NotABearer)
            }
            (None, None, None) => Err(CredentialProblem::NoKeys),
            (None, Some(_), None) => Err(CredentialProblem::NoApiKey),
            (Some(_), None, None) => Err(CredentialProblem::NoApplicationKey),
        }
    }
}

/// The token behind the word `Bearer`, which is not looked into here. Source: RFC 6750, section 2.1.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = authorization.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii_start())
}

/// The value of a header that is given once. An empty one counts as absent: some clients send those.
fn single<'r>(
    headers: &'r HeaderMap,
    name: &HeaderName,
    shown_name: &'static str,
) -> Result<Option<&'r [u8]>, CredentialProblem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(CredentialProblem::Repeated(shown_name)),
        (value, None) => {
            Ok(value.map(|value| value.as_bytes().trim_ascii()).filter(|value| !value.is_empty()))
        }
    }
}

fn holds_credentials(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        let name = name.to_ascii_lowercase().replace('-', "_");
        PARAMETERS.contains(&name.strip_prefix("dd_").unwrap_or(&name))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const API_KEY: &str = "0123456789abcdef0123456789abcdef";
    const APPLICATION_KEY: &str = "0123456789abcdef0123456789abcdef01234567";

    fn choose(
        sent: &[(&'static str, &'static str)],
        query: Option<&str>,
    ) -> Result<Credentials<'static>, CredentialProblem> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_static(value));
        }
        Presented::read(&headers, query)?.choose().map(|chosen| match chosen {
            Credentials::Keys { api_key, application_key } => Credentials::Keys { api_key, application_key },
            // What a test sends lives as long as the test.
            Credentials::AccessToken(token) => Credentials::AccessToken(token.to_vec().leak()),
        })
    }

    fn keys() -> Credentials<'static> {
        let digest = |key: &str| KeyDigest::of(key.as_bytes());
        Credentials::Keys { api_key: digest(API_KEY), application_key: digest(APPLICATION_KEY) }
    }

    #[test]
    fn two_keys_decide() {
        let both = [("dd-api-key", API_KEY), ("dd-application-key", APPLICATION_KEY)];
        assert_eq!(choose(&both, Some("limit=1")), Ok(keys()));
        for bearer in ["", "  ", "Bearer", "bearer ", "Bearer    ", "Bearer abc", "Basic abc"] {
            let [api_key, application_key] = both;
            assert_eq!(
                choose(&[api_key, application_key, ("authorization", bearer)], None),
                Ok(keys()),
                "{bearer}"
            );
        }
    }

    #[test]
    fn a_token_decides_where_a_key_is_missing() {
        let token = ("authorization", "Bearer abc");
        let decides = Ok(Credentials::AccessToken(b"abc"));
        assert_eq!(choose(&[token], None), decides);
        assert_eq!(choose(&[("authorization", "bearer   abc")], None), decides);
        assert_eq!(choose(&[token, ("dd-api-key", API_KEY)], None), decides);
        assert_eq!(
            choose(&[token, ("dd-api-key", ""), ("dd-application-key", APPLICATION_KEY)], None),
            decides
        );
        for other in ["abc", "Basic abc", "Bearerabc", "Token abc", "Bearer\tabc"] {
            let sent = [("authorization", other)];
            assert_eq!(choose(&sent, None), Err(CredentialProblem::NotABearer), "{other}");
        }
    }

    #[test]
    fn what_is_empty_is_absent() {
        let empty = [("dd-api-key", ""), ("dd-application-key", " "), ("authorization", "Bearer ")];
        assert_eq!(choose(&empty, None), Err(CredentialProblem::NoKeys));
        assert_eq!(choose(&[], None), Err(CredentialProblem::NoKeys));
        assert_eq!(choose(&[("dd-api-key", API_KEY)], None), Err(CredentialProblem::NoApplicationKey));
        assert_eq!(choose(&[("dd-application-key", API_KEY)], None), Err(CredentialProblem::NoApiKey));
    }

    #[test]
    fn a_header_is_given_once() {
        for (name, shown) in [
            ("dd-api-key", "DD-API-KEY"),
            ("dd-application-key", "DD-APPLICATION-KEY"),
            ("authorization", "Authorization"),
        ] {
            for second in ["a", "b", ""] {
                let twice = [(name, "a"), (name, second)];
                assert_eq!(choose(&twice, None), Err(CredentialProblem::Repeated(shown)), "{name} {second}");
            }
        }
    }

    #[test]
    fn credentials_in_the_query_are_refused_however_they_are_spelt() {
        for query in [
            "api_key=a",
            "limit=1&application_key=a",
            "DD-API-KEY=a",
            "dd_application_key=",
            "app_key",
            "api%5Fkey=a",
            "access_token=a",
        ] {
            let both = [("dd-api-key", API_KEY), ("dd-application-key", APPLICATION_KEY)];
            assert_eq!(choose(&both, Some(query)), Err(CredentialProblem::InQuery), "{query}");
        }
        assert_eq!(choose(&[], Some("api_keys=a&my_access_token=b")), Err(CredentialProblem::NoKeys));
    }
}
