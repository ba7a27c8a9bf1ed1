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

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use serde_json::{Value, json};

    use super::*;

    /// Whether `token` is signed with the key, and whether it still is with another last letter in its claims.
    fn is_signed(token: &str, key: Value) -> (bool, bool) {
        install();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (key, algorithm): (Jwk, _) = (serde_json::from_value(key).unwrap(), algorithm_of(message));
        let key = DecodingKey::from_jwk(&key).unwrap();
        let check = |message: &str| {
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm.of_library())
        };
        let other = format!("{}X", &message[..message.len() - 1]);
        (check(message).unwrap(), check(&other).unwrap())
    }

    fn algorithm_of(message: &str) -> Algorithm {
        let header = jsonwebtoken::decode_header(format!("{message}.")).unwrap();
        Algorithm::from_library(header.alg).unwrap()
    }

    /// Source: RFC 7515, appendix A.3.
    #[test]
    fn the_example_of_the_standard_on_p256_is_signed() {
        let key = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert_eq!(is_signed(token, key), (true, false));
    }

    /// Source: RFC 8037, appendix A.4.
    #[test]
    fn the_example_of_the_standard_with_ed25519_is_signed() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(is_signed(token, key), (true, false));
    }
}
