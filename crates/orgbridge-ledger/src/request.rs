//! Which request a change came from.

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;
use uuid::Uuid;

/// Names a request in answers, logs and the audit log: 1 to 64 letters, digits, hyphens, underscores and
/// dots, so that no caller can break a line with one.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(SmallVec<[u8; 40]>);

/// The text is no request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 letters, digits, hyphens, underscores and dots")]
pub struct NotARequestId;

impl RequestId {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever put in.
        std::str::from_utf8(&self.0).unwrap_or("-")
    }
}

impl FromStr for RequestId {
    type Err = NotARequestId;

    fn from_str(text: &str) -> Result<Self, NotARequestId> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(SmallVec::from_slice(text.as_bytes())))
        } else {
            Err(NotARequestId)
        }
    }
}

/// The UUID in its hyphenated form, for a request that its caller did not name.
impl From<Uuid> for RequestId {
    fn from(id: Uuid) -> Self {
        let mut text = Uuid::encode_buffer();
        Self(SmallVec::from_slice(id.hyphenated().encode_lower(&mut text).as_bytes()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RequestId({self})")
    }
}
