//! What narrows a list of orgs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::Part;
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

const NAME: &str = "filter[name]";

/// `filter[name]`: part of a name, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrgsQuery {
    name: Part,
}

impl OrgsQuery {
    /// Whether an org with this name is asked for.
    pub(crate) fn admits(&self, name: &str) -> bool {
        self.name.is_in(name)
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
        Ok(Self { name: Part::new(parameters.text(NAME)?.unwrap_or_default()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_finds_it_in_any_case() {
        let query = |part: &str| OrgsQuery { name: Part::new(part) };
        assert!(query("").admits("Sink Org"));
        assert!(query("INK o").admits("Sink Org"));
        assert!(query("ÄR").admits("Bär"));
        assert!(!query("source").admits("Sink Org"));
    }
}
