//! What narrows a list of keys, and what is shown with it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::application_key::OwnerFilter;
use orgbridge_domain::key_list::{KeyOrder, KeyQuery, TimeRange};
use orgbridge_domain::{Direction, NotATime, Timestamp, UserId};
use schemars::json_schema;

use super::{Parameters, paging};
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual as _;

const CREATED: [&str; 2] = ["filter[created_at][start]", "filter[created_at][end]"];
const MODIFIED: [&str; 2] = ["filter[modified_at][start]", "filter[modified_at][end]"];
const OWNED_BY: &str = "filter[owned_by]";
const INCLUDE: &str = "include";

/// What keys are ordered by, and from which end.
type Sort = (KeyOrder, Direction);

/// What application keys can be sorted by.
const SORTS: [(&str, Sort); 6] = [
    ("name", (KeyOrder::Name, Direction::Ascending)),
    ("-name", (KeyOrder::Name, Direction::Descending)),
    ("created_at", (KeyOrder::CreatedAt, Direction::Ascending)),
    ("-created_at", (KeyOrder::CreatedAt, Direction::Descending)),
    ("last4", (KeyOrder::Last4, Direction::Ascending)),
    ("-last4", (KeyOrder::Last4, Direction::Descending)),
];

/// What API keys can be sorted by.
const API_KEY_SORTS: [(&str, Sort); 8] = [
    SORTS[0],
    SORTS[1],
    SORTS[2],
    SORTS[3],
    SORTS[4],
    SORTS[5],
    ("modified_at", (KeyOrder::ModifiedAt, Direction::Ascending)),
    ("-modified_at", (KeyOrder::ModifiedAt, Direction::Descending)),
];

const API_KEY_USERS: [&str; 2] = ["created_by", "modified_by"];
const APPLICATION_KEY_USERS: [&str; 1] = ["owned_by"];

/// Which API keys to list, and whom to show with them.
#[derive(Debug)]
pub(crate) struct ApiKeysQuery {
    pub(crate) query: KeyQuery,
    pub(crate) include: ApiKeyInclude,
}

/// Which application keys to list, and whom to show with them.
#[derive(Debug)]
pub(crate) struct ApplicationKeysQuery {
    pub(crate) query: KeyQuery,
    pub(crate) owner: OwnerFilter,
    pub(crate) include: ApplicationKeyInclude,
}

/// Which application keys of one user to list.
#[derive(Debug)]
pub(crate) struct KeysOfOneQuery(pub(crate) KeyQuery);

/// `include`: whom to show with an API key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ApiKeyInclude {
    pub(crate) created_by: bool,
    pub(crate) modified_by: bool,
}

/// `include`: whom to show with an application key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ApplicationKeyInclude {
    pub(crate) owned_by: bool,
}

impl Asks for ApiKeysQuery {
    fn outline(outline: &mut Outline<'_>) {
        outline_list(outline, &API_KEY_SORTS);
        let descriptions = [
            "Only keys that were last changed at this time or later.",
            "Only keys that were last changed at this time or earlier.",
        ];
        outline_range(outline, MODIFIED, descriptions);
        ApiKeyInclude::outline(outline);
    }
}

impl Asks for ApplicationKeysQuery {
    fn outline(outline: &mut Outline<'_>) {
        outline_list(outline, &SORTS);
        let owner = json_schema!({"type": "string", "examples": [UserId::EXAMPLE]});
        let description =
            "Only keys of this user. An empty value is no filter; one that is no id matches nothing.";
        outline.query_parameter(OWNED_BY, description, owner);
        ApplicationKeyInclude::outline(outline);
    }
}

impl Asks for KeysOfOneQuery {
    fn outline(outline: &mut Outline<'_>) {
        outline_list(outline, &SORTS);
    }
}

impl Asks for ApiKeyInclude {
    fn outline(outline: &mut Outline<'_>) {
        let schema = json_schema!({
            "type": "string",
            "pattern": "^((created_by|modified_by)(,(created_by|modified_by))*)?$",
            "examples": ["created_by,modified_by"],
        });
        outline.query_parameter(INCLUDE, "Whom to show with the answer, with commas between.", schema);
        outline.refusal(Parameters::not_some_of(INCLUDE, &API_KEY_USERS));
    }
}

impl Asks for ApplicationKeyInclude {
    fn outline(outline: &mut Outline<'_>) {
        let schema = json_schema!({
            "type": "string", "pattern": "^(owned_by(,owned_by)*)?$", "examples": ["owned_by"]
        });
        outline.query_parameter(INCLUDE, "Whom to show with the answer.", schema);
        outline.refusal(Parameters::not_some_of(INCLUDE, &APPLICATION_KEY_USERS));
    }
}

fn outline_list(outline: &mut Outline<'_>, sorts: &[(&str, Sort)]) {
    paging::outline_page(outline);
    paging::outline_sort(outline, sorts);
    let description = "Only keys whose name contains this, in any case, or whose last four characters do.";
    paging::outline_part(outline, description, "ci");
    let descriptions = [
        "Only keys that were made at this time or later.",
        "Only keys that were made at this time or earlier.",
    ];
    outline_range(outline, CREATED, descriptions);
}

fn outline_range(outline: &mut Outline<'_>, names: [&'static str; 2], descriptions: [&'static str; 2]) {
    for (name, description) in names.into_iter().zip(descriptions) {
        let time = json_schema!({
            "type": "string", "format": Timestamp::FORMAT, "examples": [Timestamp::EXAMPLE]
        });
        outline.query_parameter(name, description, time);
    }
    let [start, _] = names;
    outline.refusal(Parameters::no_time(start, NotATime));
}

impl FromRequestParts<Api> for ApiKeysQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let parameters = Parameters::read(parts.uri.query());
        let mut query = read(&parameters, &API_KEY_SORTS)?;
        query.modified = range(&parameters, MODIFIED)?;
        Ok(Self { query, include: ApiKeyInclude::read(&parameters)? })
    }
}

impl FromRequestParts<Api> for ApplicationKeysQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let parameters = Parameters::read(parts.uri.query());
        let owner = match parameters.text(OWNED_BY)?.map(str::parse) {
            None => OwnerFilter::Any,
            Some(Ok(owner)) => OwnerFilter::Only(owner),
            Some(Err(_)) => OwnerFilter::Nothing,
        };
        let include = ApplicationKeyInclude::read(&parameters)?;
        Ok(Self { query: read(&parameters, &SORTS)?, owner, include })
    }
}

impl FromRequestParts<Api> for KeysOfOneQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        read(&Parameters::read(parts.uri.query()), &SORTS).map(Self)
    }
}

impl FromRequestParts<Api> for ApiKeyInclude {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl FromRequestParts<Api> for ApplicationKeyInclude {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl ApiKeyInclude {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        let named = parameters.some_of(INCLUDE, &API_KEY_USERS)?;
        let is_named = |user| named.contains(&user);
        Ok(Self { created_by: is_named("created_by"), modified_by: is_named("modified_by") })
    }
}

impl ApplicationKeyInclude {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        let named = parameters.some_of(INCLUDE, &APPLICATION_KEY_USERS)?;
        Ok(Self { owned_by: !named.is_empty() })
    }
}

fn read<const N: usize>(
    parameters: &Parameters<'_>,
    sorts: &[(&str, Sort); N],
) -> Result<KeyQuery, ApiError> {
    let (order, direction) = paging::sort(parameters, sorts)?;
    Ok(KeyQuery {
        part: paging::part(parameters)?,
        created: range(parameters, CREATED)?,
        modified: TimeRange::default(),
        order,
        direction,
        page: paging::page(parameters)?,
    })
}

fn range(parameters: &Parameters<'_>, [start, end]: [&str; 2]) -> Result<TimeRange, ApiError> {
    Ok(TimeRange { start: parameters.time(start)?, end: parameters.time(end)? })
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::{Page, Part};

    use super::*;

    fn query(text: &str) -> KeyQuery {
        read(&Parameters::read(Some(text)), &API_KEY_SORTS).unwrap()
    }

    #[test]
    fn nothing_asked_is_the_first_ten_by_name() {
        let first = query("");
        assert_eq!(first.page, Page { offset: 0, limit: 10 });
        assert_eq!((first.order, first.direction), (KeyOrder::Name, Direction::Ascending));
        assert_eq!((first.part, first.created), (Part::default(), TimeRange::default()));
    }

    #[test]
    fn each_parameter_does_its_part() {
        let asked = query(
            "page[size]=5&page[number]=3&sort=-last4&filter=ci&filter[created_at][end]=2025-08-26T20:19:36Z",
        );
        assert_eq!(asked.page, Page { offset: 15, limit: 5 });
        assert_eq!((asked.order, asked.direction), (KeyOrder::Last4, Direction::Descending));
        assert_eq!(asked.part, Part::new("ci"));
        assert_eq!(asked.created.end, Some("2025-08-26T20:19:36Z".parse().unwrap()));
        for (sort, (order, direction)) in API_KEY_SORTS {
            let asked = query(&format!("sort={sort}"));
            assert_eq!((asked.order, asked.direction), (order, direction), "{sort}");
            assert_eq!(direction == Direction::Descending, sort.starts_with('-'), "{sort}");
        }
    }

    #[test]
    fn application_keys_have_no_time_of_change_to_sort_by() {
        assert!(read(&Parameters::read(Some("sort=modified_at")), &SORTS).is_err());
    }
}
