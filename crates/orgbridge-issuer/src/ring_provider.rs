//! The arithmetic of signatures: `ring`'s, which TLS uses as well.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use ring::signature::{self as arithmetic, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use signature::Verifier;

use crate::Algorithm;

/// What the library checks signatures with. It signs nothing.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| verifier(*algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has the library use it, unless it uses another already.
pub(crate) fn install() {
    let _ = PROVIDER.install_default();
}

fn verifier(algorithm: jsonwebtoken::Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let algorithm = Algorithm::from_library(algorithm).ok_or(ErrorKind::InvalidAlgorithm)?;
    if key.family() != algorithm.of_library().family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Check { algorithm, key: key.kind().clone() }))
}

/// Checks signatures of one key.
struct Check {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm.of_library()
    }
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let is_good = match self.algorithm {
            Algorithm::RS256 => self.rsa(&arithmetic::RSA_PKCS1_2048_8192_SHA256, message, signature),
            Algorithm::RS384 => self.rsa(&arithmetic::RSA_PKCS1_2048_8192_SHA384, message, signature),
            Algorithm::RS512 => self.rsa(&arithmetic::RSA_PKCS1_2048_8192_SHA512, message, signature),
            Algorithm::PS256 => self.rsa(&arithmetic::RSA_PSS_2048_8192_SHA256, message, signature),
            Algorithm::PS384 => self.rsa(&arithmetic::RSA_PSS_2048_8192_SHA384, message, signature),
            Algorithm::PS512 => self.rsa(&arithmetic::RSA_PSS_2048_8192_SHA512, message, signature),
            Algorithm::ES256 => self.curve(&arithmetic::ECDSA_P256_SHA256_FIXED, message, signature),
            Algorithm::ES384 => self.curve(&arithmetic::ECDSA_P384_SHA384_FIXED, message, signature),
            Algorithm::EdDSA => self.curve(&arithmetic::ED25519, message, signature),
        };
        if is_good { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl Check {
    fn rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        let DecodingKeyKind::RsaModulusExponent { n, e } = &self.key else { return false };
        RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
    }

    fn curve(
        &self,
        algorithm: &'static dyn arithmetic::VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let DecodingKeyKind::SecretOrDer(point) = &self.key else { return false };
        UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
    }
}
