//! What narrows a list of keys, and what is shown with it.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::application_key::OwnerFilter;
use orgbridge_domain::key_list::{KeyOrder, KeyQuery, TimeRange};
use orgbridge_domain::org_connection::Page;
use orgbridge_domain::{NotATime, Timestamp, UserId};
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual as _;

const SIZE: &str = "page[size]";
const SIZES: RangeInclusive<usize> = 1..=100;
const DEFAULT_SIZE: usize = 10;
const NUMBER: &str = "page[number]";
const NUMBERS: RangeInclusive<usize> = 0..=usize::MAX;
const SORT: &str = "sort";
const FILTER: &str = "filter";
const CREATED: [&str; 2] = ["filter[created_at][start]", "filter[created_at][end]"];
const MODIFIED: [&str; 2] = ["filter[modified_at][start]", "filter[modified_at][end]"];
const OWNED_BY: &str = "filter[owned_by]";
const INCLUDE: &str = "include";

/// What application keys can be sorted by, and API keys as well.
const SORTS: [&str; 6] = ["name", "-name", "created_at", "-created_at", "last4", "-last4"];

/// What API keys can be sorted by.
const API_KEY_SORTS: [&str; 8] =
    ["name", "-name", "created_at", "-created_at", "last4", "-last4", "modified_at", "-modified_at"];

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

fn outline_list(outline: &mut Outline<'_>, sorts: &[&str]) {
    let number = |range: RangeInclusive<usize>, default: usize| {
        let (first, last) = range.into_inner();
        json_schema!({"type": "integer", "minimum": first, "maximum": last, "default": default})
    };
    outline.query_parameter(SIZE, "How many keys to show at the most.", number(SIZES, DEFAULT_SIZE));
    outline.query_parameter(NUMBER, "Which page to show; the first is 0.", number(NUMBERS, 0));
    let sort = json_schema!({"type": "string", "enum": sorts, "default": "name"});
    outline.query_parameter(SORT, "What to sort by; the last comes first behind a minus sign.", sort);
    let part = json_schema!({"type": "string", "examples": ["ci"]});
    let description = "Only keys whose name contains this, in any case, or whose last four characters do.";
    outline.query_parameter(FILTER, description, part);
    let descriptions = [
        "Only keys that were made at this time or later.",
        "Only keys that were made at this time or earlier.",
    ];
    outline_range(outline, CREATED, descriptions);
    outline.refusal(Parameters::not_within(SIZE, &SIZES));
    outline.refusal(Parameters::none_of(SORT, sorts));
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

fn read(parameters: &Parameters<'_>, sorts: &[&str]) -> Result<KeyQuery, ApiError> {
    let limit = parameters.number(SIZE, SIZES)?.unwrap_or(DEFAULT_SIZE);
    let number = parameters.number(NUMBER, NUMBERS)?.unwrap_or(0);
    let sort = parameters.one_of(SORT, sorts)?.unwrap_or("name");
    let (sort, descending) = sort.strip_prefix('-').map_or((sort, false), |sort| (sort, true));
    let order = match sort {
        "created_at" => KeyOrder::CreatedAt,
        "last4" => KeyOrder::Last4,
        "modified_at" => KeyOrder::ModifiedAt,
        _ => KeyOrder::Name,
    };
    Ok(KeyQuery {
        part: parameters.text(FILTER)?.unwrap_or_default().to_owned(),
        created: range(parameters, CREATED)?,
        modified: TimeRange::default(),
        order,
        descending,
        page: Page { offset: number.saturating_mul(limit), limit },
    })
}

fn range(parameters: &Parameters<'_>, [start, end]: [&str; 2]) -> Result<TimeRange, ApiError> {
    Ok(TimeRange { start: parameters.time(start)?, end: parameters.time(end)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> KeyQuery {
        read(&Parameters::read(Some(text)), &API_KEY_SORTS).unwrap()
    }

    #[test]
    fn nothing_asked_is_the_first_ten_by_name() {
        let first = query("");
        assert_eq!(first.page, Page { offset: 0, limit: 10 });
        assert_eq!((first.order, first.descending, first.part.as_str()), (KeyOrder::Name, false, ""));
        assert_eq!(first.created, TimeRange::default());
    }

    #[test]
    fn each_parameter_does_its_part() {
        let asked = query(
            "page[size]=5&page[number]=3&sort=-last4&filter=ci&filter[created_at][end]=2025-08-26T20:19:36Z",
        );
        assert_eq!(asked.page, Page { offset: 15, limit: 5 });
        assert_eq!((asked.order, asked.descending, asked.part.as_str()), (KeyOrder::Last4, true, "ci"));
        assert_eq!(asked.created.end, Some("2025-08-26T20:19:36Z".parse().unwrap()));
        assert_eq!(query("page[number]=18446744073709551615").page.offset, usize::MAX);
        for sort in API_KEY_SORTS {
            let asked = query(&format!("sort={sort}"));
            let default = asked.order == KeyOrder::Name;
            assert_eq!(
                (asked.descending, default),
                (sort.starts_with('-'), sort.ends_with("name")),
                "{sort}"
            );
        }
    }

    #[test]
    fn application_keys_have_no_time_of_change_to_sort_by() {
        assert!(read(&Parameters::read(Some("sort=modified_at")), &SORTS).is_err());
    }
}
