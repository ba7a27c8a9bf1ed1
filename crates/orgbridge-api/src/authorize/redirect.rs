//! The answer to a client, by way of the browser.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use orgbridge_domain::{RedirectUri, TokenSecret};

use super::page;
use crate::dialect::describable;

/// Sends the browser to a place that the client is registered with. Source: RFC 6749, section 4.1.2; RFC 9207, section 2. It may
/// hold a code, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Redirect {
    uri: RedirectUri,
    /// What the answer says, beside who answers.
    answer: Vec<(&'static str, String)>,
    state: Option<String>,
    issuer: String,
}

impl Redirect {
    pub(super) fn new(uri: RedirectUri, state: Option<&str>, issuer: &str) -> Self {
        Self { uri, answer: Vec::new(), state: state.map(str::to_owned), issuer: issuer.to_owned() }
    }

    /// Where it leads.
    pub(crate) const fn uri(&self) -> &RedirectUri {
        &self.uri
    }

    /// Tells the client what is wrong.
    pub(crate) fn refusal(self, code: &'static str, problem: &str) -> Self {
        Self { answer: vec![("error", code.to_owned()), ("error_description", describable(problem))], ..self }
    }

    /// Brings the client its code.
    pub(crate) fn code(self, code: &TokenSecret) -> Self {
        Self { answer: vec![("code", code.expose().to_owned())], ..self }
    }

    fn location(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        let uri = self.uri.as_str();
        let separator = if uri.contains('?') { '&' } else { '?' };
        format!("{uri}{separator}{}", query.finish())
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        see_other(&self.location())
    }
}

/// Sends the browser on, by GET.
pub(super) fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Both a URI and a form are ASCII without control characters.
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    page::keep_to_itself(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_query_that_the_client_registered() {
        let redirect =
            |uri: &str| Redirect::new(uri.parse().unwrap(), Some("a b&c"), "https://api.example.com");
        let refused = redirect("https://app.example.com/back?tenant=1").refusal("access_denied", "no");
        assert_eq!(
            refused.location(),
            "https://app.example.com/back?tenant=1&error=access_denied&error_description=no&state=a+b%26c&\
             iss=https%3A%2F%2Fapi.example.com"
        );
        let without =
            Redirect::new("com.example.app:/back".parse().unwrap(), None, "https://api.example.com");
        assert_eq!(without.location(), "com.example.app:/back?iss=https%3A%2F%2Fapi.example.com");
    }
}
