//! A body of JSON.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::error::ApiError;
use crate::json;
use crate::openapi::{Asks, Outline};

/// The most bytes that a body may have, but for the calls that say otherwise. Source: contract, section 1.
pub(super) const USUAL_BYTES: usize = 64 * 1024;

const NOT_JSON: &str = "send the header Content-Type: application/json; a charset, if any, is utf-8";

/// A body of JSON, read strictly. It comes last among the extractors: nothing of a body is read before the
/// caller's right is proven.
#[derive(Debug)]
pub(crate) struct JsonBody<T, const MAX_BYTES: usize = USUAL_BYTES>(pub(crate) T);

/// Why a body can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyProblem {
    #[error("{0}")]
    MediaType(&'static str),
    #[error("a body may have at most {0} bytes")]
    TooBig(usize),
    #[error("the body did not arrive in time, or not whole; send the request again")]
    Incomplete,
    #[error("{}", match .0 { json::Problem::NotJson(why) | json::Problem::OtherShape(why) => why })]
    Json(json::Problem),
}

impl<T: JsonSchema, const MAX_BYTES: usize> Asks for JsonBody<T, MAX_BYTES> {
    fn outline(outline: &mut Outline<'_>) {
        outline.json_body::<T>();
        outline.refusal(BodyProblem::MediaType(NOT_JSON));
        outline.refusal(BodyProblem::TooBig(MAX_BYTES));
        outline.refusal(BodyProblem::Incomplete);
        let not_json = "member \"data\" is repeated at line 1 column 16";
        outline.refusal(BodyProblem::Json(json::Problem::NotJson(not_json.to_owned())));
        let other_shape = "data: is missing";
        outline.refusal(BodyProblem::Json(json::Problem::OtherShape(other_shape.to_owned())));
    }
}

impl<T: DeserializeOwned, const MAX_BYTES: usize> FromRequest<Api> for JsonBody<T, MAX_BYTES> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        check_media_type(request.headers())?;
        let bytes = read(request.into_body(), MAX_BYTES).await?;
        Ok(Self(json::read(&bytes).map_err(BodyProblem::Json)?))
    }
}

/// A body as [`JsonBody`] reads it, or none, which says as much as an object without members.
#[derive(Debug)]
pub(crate) struct JsonBodyIfAny<T>(pub(crate) T);

impl<T: JsonSchema> Asks for JsonBodyIfAny<T> {
    fn outline(outline: &mut Outline<'_>) {
        JsonBody::<T>::outline(outline);
        outline.json_body_if_any::<T>();
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Api> for JsonBodyIfAny<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(T::default()));
        }
        JsonBody::<T>::from_request(request, api).await.map(|JsonBody(body)| Self(body))
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), BodyProblem> {
    check_media_type_of(headers, is_json, NOT_JSON)
}

/// Makes sure that a body is said once to be what `is_right` takes, and is sent as it is.
pub(super) fn check_media_type_of(
    headers: &HeaderMap,
    is_right: fn(&[u8]) -> bool,
    problem: &'static str,
) -> Result<(), BodyProblem> {
    let single = |name| {
        let mut values = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii());
        match (values.next(), values.next()) {
            (value, None) => Ok(value.unwrap_or_default()),
            (_, Some(_)) => Err(()),
        }
    };
    if !single(header::CONTENT_TYPE).is_ok_and(is_right) {
        return Err(BodyProblem::MediaType(problem));
    }
    match single(header::CONTENT_ENCODING) {
        Ok(coding) if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") => Ok(()),
        _ => Err(BodyProblem::MediaType("send the body as it is, without Content-Encoding")),
    }
}

/// Whether a media type is `application/json`, with no parameter but `charset=utf-8`. Source: RFC 9110,
/// section 8.3.1.
fn is_json(media_type: &[u8]) -> bool {
    is_text_of(b"application/json", media_type)
}

/// The same for another media type than that of JSON.
pub(super) fn is_text_of(essence: &[u8], media_type: &[u8]) -> bool {
    let mut parts = media_type.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_utf8 = |parameter: &[u8]| {
        [&b"charset=utf-8"[..], b"charset=\"utf-8\"", b""]
            .iter()
            .any(|known| parameter.eq_ignore_ascii_case(known))
    };
    parts.next().is_some_and(|first| first.eq_ignore_ascii_case(essence)) && parts.all(is_utf8)
}

/// Reads a body into one piece. A body of many small chunks is copied together as they come: kept apart,
/// each would hold on to the buffer that it was read into.
pub(super) async fn read(mut body: Body, max_bytes: usize) -> Result<Vec<u8>, BodyProblem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max_bytes {
        return Err(BodyProblem::TooBig(max_bytes));
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyProblem::Incomplete)?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > max_bytes {
            return Err(BodyProblem::TooBig(max_bytes));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    fn is_taken(sent: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check_media_type(&headers).is_ok()
    }

    #[test]
    fn json_in_utf8_is_taken_in_any_case() {
        for media_type in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json ; Charset=\"utf-8\"",
            "application/json;",
        ] {
            assert!(is_taken(&[("content-type", media_type)]), "{media_type}");
            assert!(is_taken(&[("content-type", media_type), ("content-encoding", "Identity")]));
        }
    }

    #[test]
    fn nothing_else_is() {
        for media_type in [
            "",
            "text/json",
            "application/json+x",
            "application/vnd.api+json",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; version=2",
            "application/json, text/plain",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_taken(&[("content-type", media_type)]), "{media_type}");
        }
        let json = ("content-type", "application/json");
        assert!(!is_taken(&[]));
        assert!(!is_taken(&[json, json]));
        assert!(!is_taken(&[json, ("content-encoding", "gzip")]));
        assert!(!is_taken(&[json, ("content-encoding", "identity"), ("content-encoding", "gzip")]));
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_limit_and_no_further() {
        for limit in [100, USUAL_BYTES] {
            let body = |length| Body::from(vec![b' '; length]);
            assert_eq!(read(body(limit), limit).await.unwrap().len(), limit);
            assert!(
                matches!(read(body(limit + 1), limit).await, Err(BodyProblem::TooBig(said)) if said == limit)
            );
        }
    }

    #[tokio::test]
    async fn chunks_without_end_are_left_at_the_limit() {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1000])));
        assert!(matches!(read(Body::from_stream(endless), USUAL_BYTES).await, Err(BodyProblem::TooBig(_))));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let frames = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))];
        assert!(matches!(
            read(Body::from_stream(stream::iter(frames)), USUAL_BYTES).await,
            Err(BodyProblem::Incomplete)
        ));
    }
}
