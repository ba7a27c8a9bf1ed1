//! What narrows a list of orgs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

const NAME: &str = "filter[name]";

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

impl Asks for OrgsQuery {
    fn outline(outline: &mut Outline<'_>) {
        let part = json_schema!({"type": "string", "examples": ["sink"]});
        outline.query_parameter(NAME, "Only orgs whose name contains this, in any case.", part);
        outline.refusal(Parameters::repeated(NAME));
    }
}

impl FromRequestParts<Api> for OrgsQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let parameters = Parameters::read(parts.uri.query());
        let part = parameters.text(NAME)?.unwrap_or_default();
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
