//! API keys and application keys. What is kept is a digest; the secret itself is shown once.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{ApiKeyId, ApplicationKeyId, Name, OrgId, PermissionSet, Timestamp, UserId};

/// A key of an org. Alone it only says which org is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The org that it belongs to.
    pub org: OrgId,
    /// What people call it.
    pub name: Name,
    /// The digest of its secret.
    pub digest: KeyDigest,
    /// The last characters of its secret.
    pub last4: Last4,
    /// When it was made.
    pub created_at: Timestamp,
    /// The user who made it; `None` where an operator did, or an earlier version of the program, which kept no author.
    pub created_by: Option<UserId>,
    /// When it was last changed, if it ever was.
    pub modified_at: Option<Timestamp>,
    /// The user who last changed it; `None` where an operator did, or nobody.
    pub modified_by: Option<UserId>,
}

/// A key of a user, with which the user's permissions are exercised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationKey {
    /// Its id.
    pub id: ApplicationKeyId,
    /// The user whose permissions it carries.
    pub owner: UserId,
    /// What people call it.
    pub name: Name,
    /// The digest of its secret.
    pub digest: KeyDigest,
    /// The last characters of its secret.
    pub last4: Last4,
    /// What the owner's permissions are cut down to; `None` cuts nothing.
    pub scopes: Option<PermissionSet>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// SHA-256 of a key's secret.
///
/// A key is 128 random bits or more, so a plain fast digest can't be searched through; a salted slow one
/// would cost every request and defend nothing.
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of a key as it was shown to us. Any bytes have one; whether it is a live key's is looked up.
    pub fn of(shown: &[u8]) -> Self {
        Self(Sha256::digest(shown).into())
    }

    /// Wraps a digest that was kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In constant time.
impl PartialEq for KeyDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyDigest {}

impl Hash for KeyDigest {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.hash(hasher);
    }
}

/// A digest is not the secret, but it is nobody's business either.
impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyDigest(…)")
    }
}

/// The last four characters of a key's secret, by which its owner recognizes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Last4([u8; 4]);

impl Last4 {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Only hex digits are ever put in.
        std::str::from_utf8(&self.0).unwrap_or("????")
    }
}

impl fmt::Debug for Last4 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "…{}", self.as_str())
    }
}

impl FromStr for Last4 {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes: [u8; 4] = text.as_bytes().try_into().map_err(|_| NotAKey { digits: 4 })?;
        if bytes.into_iter().all(is_lower_hex) { Ok(Self(bytes)) } else { Err(NotAKey { digits: 4 }) }
    }
}

/// The text can't be a key. It is not repeated here, since it may be one with a slip in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} lower-case hexadecimal digits")]
pub struct NotAKey {
    /// How many digits were expected.
    pub digits: usize,
}

const fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident $bytes:literal)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// How many random bytes it is made of; its text has two digits for each.
            pub const BYTES: usize = $bytes;

            /// Writes random bytes as a key.
            pub fn from_random(bytes: [u8; $bytes]) -> Self {
                Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
            }

            /// What is kept of it.
            pub fn digest(&self) -> KeyDigest {
                KeyDigest::of(self.expose().as_bytes())
            }

            /// What is shown of it later.
            pub fn last4(&self) -> Last4 {
                let text = self.expose().as_bytes();
                // Both constructors make sure of more than four digits.
                Last4(text.last_chunk().copied().unwrap_or(*b"????"))
            }

            /// The secret itself, for the one time that it is shown.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl FromStr for $name {
            type Err = NotAKey;

            fn from_str(text: &str) -> Result<Self, NotAKey> {
                if text.len() == 2 * $bytes && text.bytes().all(is_lower_hex) {
                    Ok(Self(text.into()))
                } else {
                    Err(NotAKey { digits: 2 * $bytes })
                }
            }
        }
    )+};
}

secrets! {
    /// The secret of an API key: 32 hexadecimal digits.
    ApiKeySecret 16
    /// The secret of an application key: 40 hexadecimal digits.
    ApplicationKeySecret 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let secret: ApiKeySecret = "0123456789abcdef0123456789abcdef".parse().unwrap();
        assert!(!format!("{secret:?} {:?}", secret.digest()).contains("0123"));
        assert_eq!(secret.last4().as_str(), "cdef");
        assert_eq!(secret.digest(), KeyDigest::of(b"0123456789abcdef0123456789abcdef"));
    }

    #[test]
    fn a_key_is_lower_case_hexadecimal_of_its_length() {
        assert!("0123456789ABCDEF0123456789abcdef".parse::<ApiKeySecret>().is_err());
        assert!("0123456789abcdef0123456789abcde".parse::<ApiKeySecret>().is_err());
        assert!("0123456789abcdef0123456789abcdef01234567".parse::<ApplicationKeySecret>().is_ok());
        assert_eq!(ApplicationKeySecret::from_random([0xa5; 20]).expose(), "a5".repeat(20));
    }
}
