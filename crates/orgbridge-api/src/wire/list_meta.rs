//! About a list as a whole.

use orgbridge_domain::Listing;
use schemars::JsonSchema;
use serde::Serialize;

use super::schema;

/// About the list as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ListMeta {
    page: PageMeta,
}

/// How much there is beyond the page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PageMeta {
    /// How many there are in all, whatever the filters.
    #[schemars(schema_with = "schema::count")]
    total_count: usize,
    /// How many of them the filters admit.
    #[schemars(schema_with = "schema::count")]
    total_filtered_count: usize,
}

impl ListMeta {
    pub(super) fn of<T>(listing: &Listing<T>) -> Self {
        let page = PageMeta { total_count: listing.total, total_filtered_count: listing.total_filtered };
        Self { page }
    }
}
