//! The public keys of an issuer.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use crate::Algorithm;

/// More keys than any issuer publishes at once.
const MAX_KEYS: usize = 64;

/// The keys of an issuer with which signatures can be checked.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    /// The algorithms that it can be for.
    fits: Vec<Algorithm>,
    public: DecodingKey,
}

/// The bytes are no set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAKeySet {
    /// They are not a JSON object with a list `keys`.
    #[error("expected a JSON object with a list `keys`, as RFC 7517 has it: {0}")]
    Json(String),
    /// There are too many.
    #[error("expected at most {MAX_KEYS} keys, found {0}")]
    TooMany(usize),
    /// There is none with which a signature could be checked.
    #[error("found no key for signatures by RSA, on P-256 or P-384, or for Ed25519")]
    NoneFits,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set of keys. Those that are for something else, or of a kind that we don't know, are left out.
    ///
    /// Source: RFC 7517, section 5.
    ///
    /// # Errors
    /// [`NotAKeySet`] if nothing is left.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAKeySet> {
        let Published { keys } =
            serde_json::from_slice(bytes).map_err(|error| NotAKeySet::Json(error.to_string()))?;
        if keys.len() > MAX_KEYS {
            return Err(NotAKeySet::TooMany(keys.len()));
        }
        let known: Vec<Key> = keys.into_iter().filter_map(Key::read).collect();
        if known.is_empty() { Err(NotAKeySet::NoneFits) } else { Ok(Self(known)) }
    }

    /// The key that a token signed by `algorithm` names, which names none only where there is no choice.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(&only.public),
            _ => None,
        }
    }
}

impl Key {
    fn read(published: Value) -> Option<Self> {
        let key: Jwk = serde_json::from_value(published).ok()?;
        let common = &key.common;
        let is_for_signatures =
            common.public_key_use.as_ref().is_none_or(|stated| *stated == PublicKeyUse::Signature)
                && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        let possible: &[Algorithm] = match &key.algorithm {
            AlgorithmParameters::RSA(_) => &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                &[Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
                &[Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                &[Algorithm::EdDSA]
            }
            _ => &[],
        };
        let is_stated = |one: &Algorithm| common.key_algorithm.is_none_or(|stated| one.is(stated));
        let fits: Vec<_> = possible.iter().copied().filter(is_stated).collect();
        if fits.is_empty() || !is_for_signatures {
            return None;
        }
        Some(Self { id: common.key_id.clone(), fits, public: DecodingKey::from_jwk(&key).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The coordinates are those of RFC 7515, appendix A.3.
    fn on_p256(more: &Value) -> Value {
        let mut key = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: &[Value]) -> Result<KeySet, NotAKeySet> {
        KeySet::read(json!({"keys": keys}).to_string().as_bytes())
    }

    #[test]
    fn a_key_is_found_by_its_id_and_what_it_is_for() {
        let keys = set(&[on_p256(&json!({"kid": "one"})), on_p256(&json!({"kid": "two", "alg": "ES256"}))]);
        let keys = keys.unwrap();
        assert!(keys.find(Some("one"), Algorithm::ES256).is_some());
        assert!(keys.find(Some("two"), Algorithm::ES256).is_some());
        assert!(keys.find(Some("three"), Algorithm::ES256).is_none());
        assert!(keys.find(Some("one"), Algorithm::ES384).is_none());
        assert!(keys.find(Some("one"), Algorithm::RS256).is_none());
        assert!(keys.find(None, Algorithm::ES256).is_none(), "there is a choice");
        let twins = set(&[on_p256(&json!({"kid": "one"})), on_p256(&json!({"kid": "one"}))]).unwrap();
        assert!(twins.find(Some("one"), Algorithm::ES256).is_none(), "there is a choice");
        let only = set(&[on_p256(&json!({"kid": "one"}))]).unwrap();
        assert!(only.find(None, Algorithm::ES256).is_some());
    }

    #[test]
    fn keys_for_anything_else_are_left_out() {
        for other in [
            on_p256(&json!({"use": "enc"})),
            on_p256(&json!({"key_ops": ["sign"]})),
            on_p256(&json!({"alg": "ES384"})),
            on_p256(&json!({"alg": "HS256"})),
            on_p256(&json!({"alg": "ECDH-ES"})),
            on_p256(&json!({"crv": "secp256k1"})),
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"kty": "oct", "k": "AAAA", "alg": "HS256"}),
            json!({"kty": "RSA"}),
            json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"}),
            json!(null),
            json!("key"),
        ] {
            assert_eq!(set(std::slice::from_ref(&other)).unwrap_err(), NotAKeySet::NoneFits, "{other}");
            let beside = set(&[other, on_p256(&json!({"use": "sig", "kid": "one"}))]).unwrap();
            assert_eq!(beside.0.len(), 1);
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bytes in ["", "null", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": 1}"#] {
            assert!(matches!(KeySet::read(bytes.as_bytes()), Err(NotAKeySet::Json(_))), "{bytes}");
        }
        assert_eq!(set(&vec![on_p256(&json!({})); 65]).unwrap_err(), NotAKeySet::TooMany(65));
    }
}
