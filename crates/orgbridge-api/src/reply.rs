//! Successful answers.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;

/// The media type of every answer, without parameters: JSON has no `charset`.
pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Enough for one resource, so that most answers are written without growing.
const USUAL_BYTES: usize = 1024;

/// An answer of 200 with a JSON body, already written: what it shows may be borrowed from a view that is
/// let go.
#[derive(Debug)]
pub(crate) struct Reply(Vec<u8>);

impl Reply {
    /// Shows `value`.
    ///
    /// # Errors
    /// [`ApiError::Unwritable`] if `value` has no form in JSON, which is a bug.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, ApiError> {
        to_json(value).map(Self).map_err(ApiError::Unwritable)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, APPLICATION_JSON)], self.0).into_response()
    }
}

/// Compact JSON that ends in a newline. Source: contract, section 1.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
