//! How much of history an answer knows, and how much of it a request asks for.
//!
//! Every answer says in `x-orgbridge-revision` by which revision it was made. Whoever sends that number in
//! `x-orgbridge-at-least` is answered from a state that holds it, whichever replica they reach: the replica waits until it
//! has it, and refuses where that takes longer than anything may be decided by old knowledge.
//!
//! What is waited for may be the very key that the request shows. So strangers can make the server wait, too, each wait at
//! the cost of a failure to authenticate (`admission`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};
use orgbridge_ledger::{Revision, View};

use crate::error::ApiError;

/// In an answer, the revision that it was made from.
pub(crate) const X_ORGBRIDGE_REVISION: HeaderName = HeaderName::from_static(REVISION);

/// In a request, the revision that its answer has to know.
pub(crate) const X_ORGBRIDGE_AT_LEAST: HeaderName = HeaderName::from_static(AT_LEAST);

/// The same, as text.
pub(crate) const REVISION: &str = "x-orgbridge-revision";

/// The same, as text.
pub(crate) const AT_LEAST: &str = "x-orgbridge-at-least";

/// The largest number that a revision can be: ledgers count in 64 bits with a sign.
pub(crate) const MAX_REVISION: u64 = i64::MAX.unsigned_abs();

/// The revision that the answer to one request is made from: that of the last view that was taken for it. Clones share
/// it.
#[derive(Debug, Clone)]
pub(crate) struct Known(Arc<AtomicU64>);

impl Known {
    /// What is known before any view is taken.
    pub(crate) fn of(view: &View) -> Self {
        Self(Arc::new(AtomicU64::new(view.position.revision.get())))
    }

    /// The answer is made from `view`.
    pub(crate) fn note(&self, view: &View) {
        self.0.store(view.position.revision.get(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Revision {
        Revision::new(self.0.load(Ordering::Relaxed))
    }
}

/// Whether the calls of a path ask for revisions: those that programs make of the API, and none of a browser or of the
/// standards around.
pub(crate) fn is_asked_for_at(path: &str) -> bool {
    ["/api/", "/access/"].iter().any(|beginning| path.starts_with(beginning))
}

/// The revision that a request to `path` asks for, if it asks for one.
///
/// # Errors
/// [`ApiError::Invalid`] if what it sends is none.
pub(crate) fn asked(path: &str, headers: &HeaderMap) -> Result<Option<Revision>, ApiError> {
    if !is_asked_for_at(path) {
        return Ok(None);
    }
    let mut values = headers.get_all(X_ORGBRIDGE_AT_LEAST).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::Invalid(format!(
            "the header {AT_LEAST}: is given more than once; send it once"
        )));
    }
    let number = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.and_then(|digits| digits.parse().ok()).filter(|number| *number <= MAX_REVISION);
    number.map(|number| Some(Revision::new(number))).ok_or_else(not_a_revision)
}

/// What is sent is no revision.
pub(crate) fn not_a_revision() -> ApiError {
    ApiError::Invalid(format!(
        "the header {AT_LEAST}: expected a revision, as the header {REVISION} of an answer gives it: digits alone, and \
         at most {MAX_REVISION}"
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked_with(values: &[&[u8]]) -> Result<Option<u64>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_ORGBRIDGE_AT_LEAST, HeaderValue::from_bytes(value).unwrap());
        }
        let shown = |error: ApiError| serde_json::to_string(&error.to_errors()).unwrap();
        asked("/api/v1/org", &headers).map(|asked| asked.map(Revision::get)).map_err(shown)
    }

    #[test]
    fn a_revision_is_asked_for_in_digits() {
        assert_eq!(asked_with(&[]), Ok(None));
        assert_eq!(asked_with(&[b"0"]), Ok(Some(0)));
        assert_eq!(asked_with(&[b"007"]), Ok(Some(7)));
        assert_eq!(asked_with(&[b"9223372036854775807"]), Ok(Some(MAX_REVISION)));
    }

    #[test]
    fn anything_else_is_refused_with_what_was_expected() {
        for value in
            ["", "+1", "-1", "1.0", "1e3", "0x1", "1, 2", "9223372036854775808", "99999999999999999999"]
        {
            let refused = asked_with(&[value.as_bytes()]).unwrap_err();
            assert!(refused.contains("the header x-orgbridge-at-least: expected a revision"), "{value}");
        }
        assert!(asked_with(&[b"\xff"]).is_err());
        assert!(asked_with(&[b"1", b"1"]).unwrap_err().contains("is given more than once"));
    }

    #[test]
    fn revisions_are_asked_for_where_the_api_is_called() {
        assert!(is_asked_for_at("/api/v1/org"));
        assert!(is_asked_for_at("/access/v1/evaluation"));
        assert!(!is_asked_for_at("/docs"));
        assert!(!is_asked_for_at("/oauth2/v1/authorize"));
    }
}
