//! Keys with which an issuer of a test signs.

use std::fmt::Display;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{hmac, rsa};
use serde_json::{Value, json};

/// `ring` makes no keys for RSA. This one is for tests alone, and everybody has it.
const RSA_KEY: &[u8] = include_bytes!("rsa_for_tests_alone.pk8");

/// A private key.
pub struct TestKey {
    id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl TestKey {
    /// A key for `RS256`.
    pub fn rsa(id: &'static str) -> Self {
        Self { id, pair: Pair::Rsa(RsaKeyPair::from_pkcs8(RSA_KEY).unwrap()) }
    }

    /// A new key for `ES256`.
    pub fn ecdsa(id: &'static str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { id, pair: Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()) }
    }

    /// A new key for `EdDSA`.
    pub fn ed25519(id: &'static str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id, pair: Pair::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()) }
    }

    /// What is published of it. Source: RFC 7517; RFC 7518, section 6; RFC 8037.
    pub fn public(&self) -> Value {
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let public: rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "n": encode(public.n), "e": encode(public.e)})
            }
            Pair::Ecdsa(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
            }
            Pair::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        };
        key["kid"] = self.id.into();
        key["use"] = "sig".into();
        key
    }

    /// The head of an access token that is signed with it.
    pub fn head(&self) -> Value {
        let algorithm = match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ecdsa(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        };
        json!({"alg": algorithm, "typ": "at+jwt", "kid": self.id})
    }

    /// An access token that says `claims`.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(&self.head(), claims)
    }

    /// A token whose head a test has thought up, signed as if it were a good one.
    pub fn sign_under(&self, head: &Value, claims: &Value) -> String {
        let message = message(head, claims);
        let bytes = message.as_bytes();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).unwrap();
                signature
            }
            Pair::Ecdsa(pair) => pair.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(signature))
    }

    /// A token that is signed by HMAC with bytes that everybody has: those of the public key, as some program might take
    /// them for a secret.
    pub fn confuse(&self, claims: &Value) -> Vec<String> {
        let public = self.public();
        let parts = ["n", "x", "y"].iter().filter_map(|part| public[part].as_str());
        let secrets = parts.flat_map(|part| {
            [part.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(part).expect("an encoded number")]
        });
        let secrets: Vec<_> = secrets.chain([public.to_string().into_bytes()]).collect();
        let mut head = self.head();
        head["alg"] = "HS256".into();
        let sign = |secret: &Vec<u8>| {
            let message = message(&head, claims);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            format!("{message}.{}", encode(tag))
        };
        secrets.iter().map(sign).collect()
    }

    /// A token that says itself that nobody has signed it, in each way of writing that.
    pub fn unsigned(&self, claims: &Value) -> Vec<String> {
        let write = |name: &str| {
            let mut head = self.head();
            head["alg"] = name.into();
            format!("{}.", message(&head, claims))
        };
        ["none", "None", "NONE", "nOnE", ""].map(write).into()
    }
}

fn message(head: &Value, claims: &Value) -> String {
    let part = |value: &dyn Display| encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
