//! What lists that are shown in pages are asked: which page, in which order, and of what.

use std::ops::RangeInclusive;

use orgbridge_domain::{Page, Part};
use schemars::json_schema;

use super::Parameters;
use crate::error::ApiError;
use crate::openapi::Outline;

const SIZE: &str = "page[size]";
/// How much a page may hold.
pub(super) const SIZES: RangeInclusive<usize> = 1..=100;
const DEFAULT_SIZE: usize = 10;
const NUMBER: &str = "page[number]";
const NUMBERS: RangeInclusive<usize> = 0..=usize::MAX;
const SORT: &str = "sort";
const FILTER: &str = "filter";

/// `page[size]` and `page[number]`.
pub(super) fn page(parameters: &Parameters<'_>) -> Result<Page, ApiError> {
    let limit = parameters.number(SIZE, SIZES)?.unwrap_or(DEFAULT_SIZE);
    let number = parameters.number(NUMBER, NUMBERS)?.unwrap_or(0);
    Ok(Page { offset: number.saturating_mul(limit), limit })
}

pub(super) fn outline_page(outline: &mut Outline<'_>) {
    let number = |range: RangeInclusive<usize>, default: usize| {
        let (first, last) = range.into_inner();
        json_schema!({"type": "integer", "minimum": first, "maximum": last, "default": default})
    };
    outline.query_parameter(SIZE, "How many a page holds at the most.", number(SIZES, DEFAULT_SIZE));
    outline.query_parameter(NUMBER, "Which page to show, counted from 0.", number(NUMBERS, 0));
    outline.refusal(Parameters::not_within(SIZE, &SIZES));
}

/// `sort`: what it stands for among `choices`, of which the first is the default.
pub(super) fn sort<T: Copy, const N: usize>(
    parameters: &Parameters<'_>,
    choices: &[(&str, T); N],
) -> Result<T, ApiError> {
    const { assert!(N > 0) };
    Ok(parameters.choice(SORT, choices)?.unwrap_or(choices[0].1))
}

pub(super) fn outline_sort<T>(outline: &mut Outline<'_>, choices: &[(&str, T)]) {
    let known: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
    let schema = json_schema!({"type": "string", "enum": known, "default": known.first()});
    outline.query_parameter(SORT, "What to order by; `-` puts the greatest first.", schema);
    outline.refusal(Parameters::not_among(SORT, choices));
}

/// `filter`.
pub(super) fn part(parameters: &Parameters<'_>) -> Result<Part, ApiError> {
    Ok(Part::new(parameters.text(FILTER)?.unwrap_or_default()))
}

pub(super) fn outline_part(outline: &mut Outline<'_>, description: &'static str, example: &'static str) {
    outline.query_parameter(FILTER, description, json_schema!({"type": "string", "examples": [example]}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_by_its_number_and_size() {
        let page = |query: &str| page(&Parameters::read(Some(query)));
        assert_eq!(page("").unwrap(), Page { offset: 0, limit: 10 });
        assert_eq!(page("page[size]=7&page[number]=3").unwrap(), Page { offset: 21, limit: 7 });
        let last = format!("page[size]=100&page[number]={}", usize::MAX);
        assert_eq!(page(&last).unwrap().offset, usize::MAX);
        for query in ["page[size]=0", "page[size]=101", "page[number]=-1", "page[size]=", "page[size]=a"] {
            assert!(page(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_first_order_is_the_default() {
        let sort = |query| sort(&Parameters::read(Some(query)), &[("name", 1), ("-name", 2)]).ok();
        assert_eq!((sort(""), sort("sort=-name"), sort("sort=-")), (Some(1), Some(2), None));
    }
}
