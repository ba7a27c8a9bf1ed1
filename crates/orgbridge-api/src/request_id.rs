//! A name for each request.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use orgbridge_ledger::RequestId;
use uuid::Uuid;

/// In the request, the name that the caller gives it; in the answer, the name that it has in logs and in
/// the audit log.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's name for the request if it is one, and a new one otherwise. A name that is none is no
/// reason to refuse a call: it is not the caller's data, and no answer depends on it.
pub(crate) fn name(headers: &HeaderMap, new_id: impl FnOnce() -> Uuid) -> RequestId {
    given(headers).unwrap_or_else(|| made(new_id()))
}

fn given(headers: &HeaderMap) -> Option<RequestId> {
    let mut values = headers.get_all(X_REQUEST_ID).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

fn made(id: Uuid) -> RequestId {
    RequestId::from(id)
}

/// The name as a header of the answer.
pub(crate) fn to_header(id: &RequestId) -> HeaderValue {
    // A request id holds letters, digits and three marks, so it is always a header value.
    HeaderValue::from_str(id.as_str()).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_static(value));
        }
        name(&headers, || Uuid::from_u128(7)).to_string()
    }

    #[test]
    fn a_name_is_kept_if_it_is_one() {
        assert_eq!(named(&["deploy-7.retry_2"]), "deploy-7.retry_2");
    }

    #[test]
    fn anything_else_is_replaced() {
        let made = "00000000-0000-0000-0000-000000000007";
        for values in [&[][..], &[""], &["a b"], &["a/b"], &["one", "two"], &["one", "one"]] {
            assert_eq!(named(values), made, "{values:?}");
        }
    }
}
