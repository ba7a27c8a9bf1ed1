//! What the API says of itself.

use crate::error::ApiError;
use crate::extract::Anyone;
use crate::openapi::{DescriptionDocument, IfNoneMatch, Prose, ReadablePage, Tag, Versioned};

pub(crate) const DESCRIPTION: Prose = Prose {
    id: "GetOpenApiDocument",
    tag: Tag::Documentation,
    summary: "Get the description of the API for programs",
    description: "This description, in OpenAPI 3.1.",
    refusals: Vec::new,
};

/// Shows the description for programs.
pub(crate) async fn description(
    _: Anyone,
    known: IfNoneMatch,
) -> Result<Versioned<DescriptionDocument>, ApiError> {
    Versioned::unless(&known)
}

pub(crate) const PAGE: Prose = Prose {
    id: "GetDocumentationPage",
    tag: Tag::Documentation,
    summary: "Get the description of the API for people",
    description: "This description as a page that loads nothing else.",
    refusals: Vec::new,
};

/// Shows the description for people.
pub(crate) async fn page(_: Anyone, known: IfNoneMatch) -> Result<Versioned<ReadablePage>, ApiError> {
    Versioned::unless(&known)
}
