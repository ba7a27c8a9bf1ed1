//! What narrows a list of orgs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;

/// `filter[name]`: part of a name, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrgsQuery {
    lower_case_part: String,
}

impl OrgsQuery {
    /// Whether an org with this name is asked for.
    pub(crate) fn admits(&self, name: &str) -> bool {
        self.lower_case_part.is_empty() || name.to_lowercase().contains(&self.lower_case_part)
    }
}

impl FromRequestParts<Api> for OrgsQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let parameters = Parameters::read(parts.uri.query());
        let part = parameters.text("filter[name]")?.unwrap_or_default();
        Ok(Self { lower_case_part: part.to_lowercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_finds_it_in_any_case() {
        let query = |part: &str| OrgsQuery { lower_case_part: part.to_lowercase() };
        assert!(query("").admits("Sink Org"));
        assert!(query("INK o").admits("Sink Org"));
        assert!(query("ÄR").admits("Bär"));
        assert!(!query("source").admits("Sink Org"));
    }
}
