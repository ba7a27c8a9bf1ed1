//! The secrets of OAuth2: what is kept of each is a digest.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::KeyDigest;

/// What a secret is for. Each has a prefix of its own, by which people and scanners of leaked text recognize it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
    /// An authorization code.
    Code,
    /// A login.
    Login,
    /// What a confidential client proves itself by.
    Client,
}

impl SecretUse {
    /// What its text begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "orgbridge_at_",
            Self::Refresh => "orgbridge_rt_",
            Self::Code => "orgbridge_ac_",
            Self::Login => "orgbridge_ls_",
            Self::Client => "orgbridge_cs_",
        }
    }
}

/// A secret of 256 random bits: a prefix that says what it is for, and 64 hexadecimal digits.
#[derive(Debug, Clone)]
pub struct TokenSecret(SecretString);

impl TokenSecret {
    /// How many random bytes it is made of.
    pub const BYTES: usize = 32;

    /// Writes random bytes as a secret for something.
    pub fn from_random(for_what: SecretUse, bytes: [u8; Self::BYTES]) -> Self {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Self(std::iter::once(for_what.prefix().to_owned()).chain(digits).collect::<String>().into())
    }

    /// Reads a secret for something.
    ///
    /// # Errors
    /// [`NotASecret`] if the text can't be one.
    pub fn read(for_what: SecretUse, text: &str) -> Result<Self, NotASecret> {
        let digits = text.strip_prefix(for_what.prefix()).unwrap_or_default();
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() == 2 * Self::BYTES && digits.bytes().all(is_digit) {
            Ok(Self(text.into()))
        } else {
            Err(NotASecret(for_what))
        }
    }

    /// What is kept of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.expose().as_bytes())
    }

    /// The secret itself, for the one time that it is shown.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The text can't be such a secret. It is not repeated here, since it may be one with a slip in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {} and {} lower-case hexadecimal digits", .0.prefix(), 2 * TokenSecret::BYTES)]
pub struct NotASecret(pub SecretUse);

/// The challenge of RFC 7636, method S256: SHA-256 of a verifier that only the client knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeChallenge(KeyDigest);

impl CodeChallenge {
    /// The fewest and the most characters of a verifier.
    const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

    /// Wraps the digest that a client sent before it told the verifier.
    pub const fn new(digest: KeyDigest) -> Self {
        Self(digest)
    }

    /// The challenge of a verifier; `None` if the text is none.
    pub fn of(verifier: &str) -> Option<Self> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_one = Self::VERIFIER_CHARS.contains(&verifier.len()) && verifier.bytes().all(unreserved);
        is_one.then(|| Self(KeyDigest::of(verifier.as_bytes())))
    }

    /// What is kept of it.
    pub const fn digest(&self) -> &KeyDigest {
        &self.0
    }
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeChallenge(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_says_what_it_is_for_and_never_shows_in_debug_output() {
        let secret = TokenSecret::from_random(SecretUse::Access, [0xa5; 32]);
        assert_eq!(secret.expose(), format!("orgbridge_at_{}", "a5".repeat(32)));
        assert!(!format!("{secret:?} {:?}", secret.digest()).contains("a5"));
    }

    #[test]
    fn a_secret_is_read_as_it_is_shown_and_for_what_it_is_for() {
        let shown = TokenSecret::from_random(SecretUse::Client, [0xa5; 32]);
        let read = TokenSecret::read(SecretUse::Client, shown.expose()).unwrap();
        assert_eq!(read.digest(), shown.digest());
        let digits = "a5".repeat(32);
        for text in [
            String::new(),
            digits.clone(),
            format!("orgbridge_at_{digits}"),
            format!("orgbridge_cs_{digits}0"),
            format!("orgbridge_cs_{}", digits.to_uppercase()),
        ] {
            let refused = TokenSecret::read(SecretUse::Client, &text).unwrap_err().to_string();
            assert_eq!(refused, "expected orgbridge_cs_ and 64 lower-case hexadecimal digits", "{text}");
        }
    }

    /// Source: RFC 7636, section 4.1 and appendix B.
    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        assert!(CodeChallenge::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").is_some());
        assert!(CodeChallenge::of(&"a".repeat(128)).is_some());
        for text in ["", &"a".repeat(42), &"a".repeat(129), &"=".repeat(43), &"\u{e4}".repeat(43)] {
            assert_eq!(CodeChallenge::of(text), None, "{text}");
        }
    }
}
