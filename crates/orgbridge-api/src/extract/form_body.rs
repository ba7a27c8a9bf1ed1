//! A body that is a form, as OAuth2 has it.

use axum::extract::{FromRequest, Request};
use schemars::JsonSchema;

use super::Parameters;
use super::json_body::{BodyProblem, USUAL_BYTES, check_media_type_of, is_text_of, read};
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::reply::FORM;

const NOT_A_FORM: &str =
    "send the header Content-Type: application/x-www-form-urlencoded; a charset, if any, is utf-8";

/// A body that is a form, read strictly: no name is given twice. It comes last among the extractors.
#[derive(Debug)]
pub(crate) struct FormBody<T>(pub(crate) T);

/// What is read from a form. Names that nobody asks for are ignored.
pub(crate) trait FromForm: JsonSchema + Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn from_form(form: &Parameters<'_>) -> Result<Self, ApiError>;
}

impl<T: FromForm> Asks for FormBody<T> {
    fn outline(outline: &mut Outline<'_>) {
        outline.form_body::<T>();
        outline.refusal(BodyProblem::MediaType(NOT_A_FORM));
        outline.refusal(BodyProblem::TooBig(USUAL_BYTES));
        outline.refusal(BodyProblem::Incomplete);
        outline.refusal(Parameters::repeated("client_id"));
    }
}

impl<T: FromForm> FromRequest<Api> for FormBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        check_media_type_of(request.headers(), |sent| is_text_of(FORM.as_bytes(), sent), NOT_A_FORM)?;
        let bytes = read(request.into_body(), USUAL_BYTES).await?;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| is_encoded(text));
        let text = text.ok_or_else(|| {
            ApiError::Invalid("the body: must be names and values, percent-encoded as UTF-8".to_owned())
        })?;
        let form = Parameters::read(Some(text));
        match form.first_repeated() {
            Some(name) => Err(Parameters::repeated(name)),
            None => Ok(Self(T::from_form(&form)?)),
        }
    }
}

/// Whether each percent sign begins the code of a byte, and all of them are UTF-8.
fn is_encoded(text: &str) -> bool {
    let is_code = |after: &str| {
        after.as_bytes().first_chunk::<2>().is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    };
    text.split('%').skip(1).all(is_code)
        && !form_urlencoded::parse(text.as_bytes()).any(|(name, value)| {
            name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_percent_encoded_utf8() {
        for text in ["", "a=b&c=d", "a=%20b+c", "%C3%A4=1", "a=&=b&&"] {
            assert!(is_encoded(text), "{text}");
        }
        for text in ["a=%", "a=%2", "a=%zz", "a=%FF", "%C3=1", "a=%C3%28"] {
            assert!(!is_encoded(text), "{text}");
        }
    }

    #[test]
    fn no_name_is_given_twice_whether_anybody_asks_for_it_or_not() {
        let repeated = |text| Parameters::read(Some(text)).first_repeated().map(str::to_owned);
        assert_eq!(repeated("a=1&b=2&c=3"), None);
        assert_eq!(repeated("a=1&b=2&%61=3"), Some("a".to_owned()));
    }
}
