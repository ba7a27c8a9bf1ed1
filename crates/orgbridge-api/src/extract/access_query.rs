//! What narrows and orders lists of users and roles.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::role::IdFilter;
use orgbridge_domain::user::StandingFilter;
use orgbridge_domain::{Direction, Page, Part, RoleId, role, user};
use schemars::json_schema;

use super::{Parameters, paging};
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual as _;

const ID: &str = "filter[id]";
const STATUS: &str = "filter[status]";
const SORT_DIRECTION: &str = "sort_dir";

/// The statuses that users have over there. Nobody is ever pending here.
const STATUSES: [&str; 3] = ["Active", "Pending", "Disabled"];

const ROLE_ORDERS: [(&str, (role::Order, Direction)); 4] = [
    ("name", (role::Order::Name, Direction::Ascending)),
    ("-name", (role::Order::Name, Direction::Descending)),
    ("user_count", (role::Order::UserCount, Direction::Ascending)),
    ("-user_count", (role::Order::UserCount, Direction::Descending)),
];

const USER_ORDERS: [(&str, (user::Order, Direction)); 8] = [
    ("name", (user::Order::Name, Direction::Ascending)),
    ("-name", (user::Order::Name, Direction::Descending)),
    ("email", (user::Order::Email, Direction::Ascending)),
    ("-email", (user::Order::Email, Direction::Descending)),
    ("created_at", (user::Order::CreatedAt, Direction::Ascending)),
    ("-created_at", (user::Order::CreatedAt, Direction::Descending)),
    ("modified_at", (user::Order::ModifiedAt, Direction::Ascending)),
    ("-modified_at", (user::Order::ModifiedAt, Direction::Descending)),
];

const DIRECTIONS: [(&str, Direction); 2] = [("asc", Direction::Ascending), ("desc", Direction::Descending)];

/// What narrows and orders a list of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolesQuery {
    pub(crate) filter: role::Filter,
    pub(crate) order: (role::Order, Direction),
    pub(crate) page: Page,
}

impl Asks for RolesQuery {
    fn outline(outline: &mut Outline<'_>) {
        paging::outline_page(outline);
        paging::outline_sort(outline, &ROLE_ORDERS);
        paging::outline_part(outline, "Only roles whose name contains this, in any case.", "admin");
        let id = json_schema!({"type": "string", "examples": [RoleId::EXAMPLE]});
        outline.query_parameter(ID, "Only the role with this id; what is no id matches nothing.", id);
    }
}

impl FromRequestParts<Api> for RolesQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl RolesQuery {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        let id = match parameters.text(ID)?.map(str::parse) {
            None => IdFilter::Any,
            Some(Ok(id)) => IdFilter::Only(id),
            Some(Err(_)) => IdFilter::Nothing,
        };
        Ok(Self {
            filter: role::Filter { name: paging::part(parameters)?, id },
            order: paging::sort(parameters, &ROLE_ORDERS)?,
            page: paging::page(parameters)?,
        })
    }
}

/// What narrows and orders a list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsersQuery {
    pub(crate) filter: user::Filter,
    pub(crate) order: (user::Order, Direction),
    pub(crate) page: Page,
}

impl Asks for UsersQuery {
    fn outline(outline: &mut Outline<'_>) {
        HoldersQuery::outline(outline);
        let description = "Which end of the order comes first; it overrules a `-` in `sort`.";
        let known: Vec<_> = DIRECTIONS.iter().map(|(known, _)| *known).collect();
        outline.query_parameter(SORT_DIRECTION, description, json_schema!({"type": "string", "enum": known}));
        outline.refusal(Parameters::not_among(SORT_DIRECTION, &DIRECTIONS));
        let statuses = json_schema!({
            "type": "string",
            "pattern": "^((Active|Pending|Disabled)(,(Active|Pending|Disabled))*)?$",
            "examples": ["Active,Disabled"],
        });
        let description = "Only users of these statuses, with commas between; an empty value is no filter. Nobody is ever pending.";
        outline.query_parameter(STATUS, description, statuses);
        outline.refusal(Parameters::not_some_of(STATUS, &STATUSES));
    }
}

impl FromRequestParts<Api> for UsersQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl UsersQuery {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        let HoldersQuery { text, order: (order, direction), page } = HoldersQuery::read(parameters)?;
        let direction = parameters.choice(SORT_DIRECTION, &DIRECTIONS)?.unwrap_or(direction);
        let standing = standing(&parameters.some_of(STATUS, &STATUSES)?);
        let filter = user::Filter { text, standing, role: None };
        Ok(Self { filter, order: (order, direction), page })
    }
}

/// What narrows and orders a list of those who hold a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HoldersQuery {
    pub(crate) text: Part,
    pub(crate) order: (user::Order, Direction),
    pub(crate) page: Page,
}

impl HoldersQuery {
    /// The first page with everybody who holds a role.
    pub(crate) fn first_page() -> Self {
        let page = Page { offset: 0, limit: *paging::SIZES.end() };
        Self { text: Part::default(), order: USER_ORDERS[0].1, page }
    }

    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            text: paging::part(parameters)?,
            order: paging::sort(parameters, &USER_ORDERS)?,
            page: paging::page(parameters)?,
        })
    }
}

impl Asks for HoldersQuery {
    fn outline(outline: &mut Outline<'_>) {
        paging::outline_page(outline);
        paging::outline_sort(outline, &USER_ORDERS);
        let description = "Only users whose name or email address contains this, in any case.";
        paging::outline_part(outline, description, "jane");
    }
}

impl FromRequestParts<Api> for HoldersQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

fn standing(statuses: &[&str]) -> StandingFilter {
    let is_listed = |status| statuses.contains(&status);
    match (is_listed("Active"), is_listed("Disabled")) {
        (true, true) => StandingFilter::Any,
        (true, false) => StandingFilter::Active,
        (false, true) => StandingFilter::Disabled,
        (false, false) if statuses.is_empty() => StandingFilter::Any,
        (false, false) => StandingFilter::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(query: &str) -> Result<UsersQuery, String> {
        UsersQuery::read(&Parameters::read(Some(query))).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn the_direction_overrules_the_sign() {
        assert_eq!(users("").unwrap().order, (user::Order::Name, Direction::Ascending));
        assert_eq!(users("sort=-email").unwrap().order, (user::Order::Email, Direction::Descending));
        let both = users("sort=-email&sort_dir=asc").unwrap();
        assert_eq!(both.order, (user::Order::Email, Direction::Ascending));
        assert!(users("sort=title").is_err());
        assert!(users("sort_dir=up").is_err());
    }

    #[test]
    fn statuses_are_a_list() {
        for (list, standing) in [
            ("Active", StandingFilter::Active),
            ("Pending,Disabled", StandingFilter::Disabled),
            ("Disabled,Active", StandingFilter::Any),
            ("Pending", StandingFilter::Nobody),
            ("", StandingFilter::Any),
        ] {
            assert_eq!(users(&format!("filter[status]={list}")).unwrap().filter.standing, standing, "{list}");
        }
        for list in ["active", "Active,", "Active Disabled"] {
            assert!(users(&format!("filter[status]={list}")).is_err(), "{list}");
        }
    }

    #[test]
    fn a_role_is_found_by_its_id_and_nothing_by_what_is_none() {
        let id = |query| RolesQuery::read(&Parameters::read(Some(query))).unwrap().filter.id;
        assert_eq!(id("filter[id]="), IdFilter::Any);
        assert_eq!(id("filter[id]=admin"), IdFilter::Nothing);
        let admin = RoleId::EXAMPLE;
        assert_eq!(id(&format!("filter[id]={admin}")), IdFilter::Only(admin.parse().unwrap()));
    }
}
