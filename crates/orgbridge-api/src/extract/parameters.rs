//! The parameters of a query string.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use orgbridge_domain::{NotATime, Timestamp};

use crate::error::ApiError;

/// Decoded names and values, in order. Names that nobody asks for are ignored. Of a form they may be secrets, so there is
/// no `Debug`.
pub(crate) struct Parameters<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Parameters<'q> {
    pub(crate) fn read(query: Option<&'q str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// The value of `name`, if it is there and not empty.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is given twice: there is no saying which is meant.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        Ok(self.single(name)?.filter(|value| !value.is_empty()))
    }

    /// The value of `name` as a number in `range`, if it is there.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is given twice, or is no such number in decimal digits.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<usize>) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.single(name)? else { return Ok(None) };
        // `parse` alone would take a sign.
        let number = if value.starts_with('+') { None } else { value.parse().ok() };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Self::not_within(name, &range)),
        }
    }

    /// Those of `known` that the value of `name` lists, with commas between.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is given twice, or lists anything else.
    pub(super) fn some_of<'k>(&self, name: &str, known: &[&'k str]) -> Result<Vec<&'k str>, ApiError> {
        let listed = self.text(name)?.into_iter().flat_map(|list| list.split(','));
        let find = |item| known.iter().copied().find(|known| *known == item);
        listed.map(|item| find(item).ok_or_else(|| Self::not_some_of(name, known))).collect()
    }

    /// The value of `name` lists something else than `known`.
    pub(super) fn not_some_of(name: &str, known: &[&str]) -> ApiError {
        ApiError::Invalid(format!("{name}: must be a list, with commas between, of {}", known.join(", ")))
    }

    /// The value of `name` as a point in time, if it is there.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is given twice, or is no time of RFC 3339.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let value = self.single(name)?.map(str::parse).transpose();
        value.map_err(|problem| Self::no_time(name, problem))
    }

    /// The value of `name` is no point in time.
    pub(super) fn no_time(name: &str, problem: NotATime) -> ApiError {
        ApiError::Invalid(format!("{name}: {problem}"))
    }

    /// What the value of `name` stands for among `choices`, if it is there.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is given twice, or is none of them.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(value) = self.single(name)? else { return Ok(None) };
        match choices.iter().find(|(known, _)| *known == value) {
            Some((_, chosen)) => Ok(Some(*chosen)),
            None => Err(Self::not_among(name, choices)),
        }
    }

    /// The value of `name` is none of `choices`.
    pub(super) fn not_among<T>(name: &str, choices: &[(&str, T)]) -> ApiError {
        let known: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
        ApiError::Invalid(format!("{name}: must be one of {}", known.join(", ")))
    }

    /// The value of `name` is no number in `range`.
    pub(super) fn not_within(name: &str, range: &RangeInclusive<usize>) -> ApiError {
        let (first, last) = (range.start(), range.end());
        if *last == usize::MAX {
            ApiError::Invalid(format!("{name}: must be a whole number from {first}"))
        } else {
            ApiError::Invalid(format!("{name}: must be a whole number from {first} to {last}"))
        }
    }

    /// `name` is given more than once.
    pub(crate) fn repeated(name: &str) -> ApiError {
        ApiError::Invalid(format!("{name}: is given more than once"))
    }

    /// A name that is given more than once, whether anybody asks for it or not.
    pub(super) fn first_repeated(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    fn single(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Self::repeated(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(query: &str) -> Result<Option<usize>, String> {
        Parameters::read(Some(query)).number("limit", 1..=1000).map_err(|error| match error {
            ApiError::Invalid(problem) => problem,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_number_is_decimal_digits_within_its_range() {
        assert_eq!(limit(""), Ok(None));
        assert_eq!(limit("other=5&limit=1000"), Ok(Some(1000)));
        assert_eq!(limit("l%69mit=%37"), Ok(Some(7)));
        for query in [
            "limit=",
            "limit",
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=%2B1",
            "limit=+1",
            "limit=1.0",
            "limit=1e2",
            "limit=0x10",
            "limit=99999999999999999999999999",
            "limit=%D9%A1",
            "limit=%FF",
        ] {
            assert_eq!(
                limit(query),
                Err("limit: must be a whole number from 1 to 1000".to_owned()),
                "{query}"
            );
        }
    }

    #[test]
    fn a_parameter_is_given_once() {
        for query in ["limit=1&limit=1", "limit=1&limit=2", "limit=1&l%69mit=1"] {
            assert_eq!(limit(query), Err("limit: is given more than once".to_owned()), "{query}");
        }
    }

    #[test]
    fn a_choice_is_one_of_those_that_there_are() {
        let choice = |query| Parameters::read(Some(query)).choice("sort", &[("name", 1), ("-name", 2)]);
        assert_eq!(choice("").unwrap(), None);
        assert_eq!(choice("sort=-name").unwrap(), Some(2));
        for query in ["sort=", "sort=Name", "sort=name,-name", "sort=name&sort=name"] {
            assert!(choice(query).is_err(), "{query}");
        }
        let include = |query| Parameters::read(Some(query)).some_of("include", &["a", "b"]).ok();
        assert_eq!(include("include="), Some(vec![]));
        assert_eq!(include("include=b,a"), Some(vec!["b", "a"]));
        for query in ["include=a,", "include=,", "include=c", "include=a%20", "include=a&include=b"] {
            assert_eq!(include(query), None, "{query}");
        }
    }

    #[test]
    fn a_time_is_one_of_rfc_3339() {
        let time = |query| Parameters::read(Some(query)).time("at").ok();
        assert_eq!(time(""), Some(None));
        assert!(time("at=2025-08-26T20:19:36%2B02:00").is_some_and(|time| time.is_some()));
        for query in ["at=", "at=yesterday", "at=2025-08-26", "at=2025-08-26T20:19:36+02:00", "at=a&at=b"] {
            assert_eq!(time(query), None, "{query}");
        }
    }

    #[test]
    fn an_empty_text_is_absent() {
        let text = |query| Parameters::read(Some(query)).text("filter[name]").unwrap().map(str::to_owned);
        assert_eq!(text("filter%5Bname%5D=Sink+Org"), Some("Sink Org".to_owned()));
        assert_eq!(text("filter[name]="), None);
        assert_eq!(text("?"), None);
    }
}
