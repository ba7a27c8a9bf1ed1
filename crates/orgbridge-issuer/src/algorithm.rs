//! How tokens may be signed.

use std::fmt;
use std::str::FromStr;

use jsonwebtoken::jwk::KeyAlgorithm;

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident)+) => {
        /// A way to sign with a private key and to check with a public one. There is no other.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Algorithm {
            $($(#[$doc])* $name,)+
        }

        impl Algorithm {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its registered name. Source: RFC 7518, section 3.1; RFC 8037.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What the library calls it.
            pub(crate) const fn of_library(self) -> jsonwebtoken::Algorithm {
                match self { $(Self::$name => jsonwebtoken::Algorithm::$name,)+ }
            }

            /// The one that the library calls so, if it is one of ours.
            pub(crate) const fn from_library(algorithm: jsonwebtoken::Algorithm) -> Option<Self> {
                match algorithm {
                    $(jsonwebtoken::Algorithm::$name => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Whether a key that is said to be for `algorithm` is for this one.
            pub(crate) fn is(self, algorithm: KeyAlgorithm) -> bool {
                matches!((self, algorithm), $((Self::$name, KeyAlgorithm::$name))|+)
            }
        }
    };
}

algorithms! {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    RS256
    /// RSA with PKCS #1 v1.5 and SHA-384.
    RS384
    /// RSA with PKCS #1 v1.5 and SHA-512.
    RS512
    /// RSA with PSS and SHA-256.
    PS256
    /// RSA with PSS and SHA-384.
    PS384
    /// RSA with PSS and SHA-512.
    PS512
    /// ECDSA on P-256 with SHA-256.
    ES256
    /// ECDSA on P-384 with SHA-384.
    ES384
    /// Ed25519.
    EdDSA
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The text names no algorithm that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA")]
pub struct NotAnAlgorithm;

impl FromStr for Algorithm {
    type Err = NotAnAlgorithm;

    fn from_str(text: &str) -> Result<Self, NotAnAlgorithm> {
        Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or(NotAnAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_a_shared_secret_or_for_no_signature() {
        for text in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "RS256 "] {
            assert_eq!(text.parse::<Algorithm>(), Err(NotAnAlgorithm), "{text:?}");
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(*algorithm));
            assert_eq!(Algorithm::from_library(algorithm.of_library()), Some(*algorithm));
        }
        assert_eq!(Algorithm::from_library(jsonwebtoken::Algorithm::HS256), None);
    }

    #[test]
    fn the_error_names_every_algorithm() {
        assert!(Algorithm::ALL.iter().all(|known| NotAnAlgorithm.to_string().contains(known.as_str())));
    }
}
