//! Successful answers.

use std::marker::PhantomData;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::openapi::{Answers, Outline};

/// The media type of every answer, without parameters: JSON has no `charset`.
pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static(JSON);

/// The same for the description of the API.
pub(crate) const JSON: &str = "application/json";

/// The media type of the forms that OAuth2 takes.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Enough for one resource, so that most answers are written without growing.
const USUAL_BYTES: usize = 1024;

/// How many headers most answers have: a map that is made for so many need not grow.
pub(crate) const USUAL_HEADERS: usize = 12;

/// An answer of 200 with a JSON body that shows a `T`, already written: what a `T` borrows may be let go.
///
/// So a reply that was made of a borrowing `T` may be returned as one of `T<'static>`: it takes a `T` and holds none,
/// which makes it contravariant.
///
/// What it shows may be a secret, so it has no `Debug`.
pub(crate) struct Reply<T> {
    body: Vec<u8>,
    shows: PhantomData<fn(T)>,
}

impl<T: Serialize> Reply<T> {
    /// Shows `value`.
    ///
    /// # Errors
    /// [`ApiError::Unwritable`] if `value` has no form in JSON, which is a bug.
    pub(crate) fn of(value: &T) -> Result<Self, ApiError> {
        let body = to_json(value).map_err(ApiError::Unwritable)?;
        Ok(Self { body, shows: PhantomData })
    }
}

impl<T: JsonSchema> Answers for Reply<T> {
    fn outline(outline: &mut Outline<'_>) {
        outline.json_answer::<T>();
    }
}

impl<T> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
        headers.insert(header::CONTENT_TYPE, APPLICATION_JSON);
        let mut response = Response::new(Body::from(self.body));
        *response.headers_mut() = headers;
        response
    }
}

/// An answer of 201 with a JSON body that shows the `T` that was made.
pub(crate) struct Created<T>(Reply<T>);

impl<T: Serialize> Created<T> {
    /// Shows `value`.
    ///
    /// # Errors
    /// As [`Reply::of`].
    pub(crate) fn of(value: &T) -> Result<Self, ApiError> {
        Reply::of(value).map(Self)
    }
}

impl<T: JsonSchema> Answers for Created<T> {
    fn outline(outline: &mut Outline<'_>) {
        outline.created::<T>();
    }
}

impl<T> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}

/// An answer of 204: it is done, and there is nothing to show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoContent;

impl Answers for NoContent {
    fn outline(outline: &mut Outline<'_>) {
        outline.no_content();
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// An answer of 200 that it is done, with an object in which nothing is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done;

impl Answers for Done {
    fn outline(outline: &mut Outline<'_>) {
        outline.json_answer::<crate::wire::Empty>();
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, APPLICATION_JSON)], "{}\n").into_response()
    }
}

/// Compact JSON that ends in a newline. Source: contract, section 1.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
