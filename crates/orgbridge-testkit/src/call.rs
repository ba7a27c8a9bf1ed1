//! One request.

use std::fmt;
use std::pin::Pin;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use serde_json::Value;

use crate::{Description, Persona, Reply, TestServer};

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// The name that requests have unless a test gives them another, so that no reply depends on their number.
const REQUEST_ID: &str = "a-test";

/// A request that is sent when it is awaited.
#[must_use = "it is sent when it is awaited"]
pub struct Call<'s> {
    server: &'s TestServer,
    host: String,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl<'s> Call<'s> {
    pub(crate) fn new(server: &'s TestServer, persona: Persona, method: Method, path: String) -> Self {
        let host = server.address().ip().to_string();
        let mut call = Self { server, host, method, path, headers: HeaderMap::new(), body: None };
        for (name, value) in persona.credentials() {
            call = call.header(name, &value);
        }
        call
    }

    /// Asks for another host by name, which leads to the same server.
    pub fn at(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// Adds a header, beside those that are there.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Gives it a body, which is JSON unless a header says otherwise.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives it a body of the kind that the description says that the call takes: JSON, or a form with the same members.
    pub fn fitting(self, body: &Value) -> Self {
        let operation = Description::of_the_program().operation(&self.method, &self.path);
        let takes_a_form =
            operation.is_some_and(|operation| operation["requestBody"]["content"].get(FORM).is_some());
        if !takes_a_form {
            return self.body(body.to_string());
        }
        let members = body.as_object().expect("names and values");
        let members = members.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("a text")));
        self.form(members)
    }

    /// Gives it a form for a body.
    pub fn form<'t>(self, members: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(members);
        self.header("content-type", FORM).body(form.finish())
    }

    async fn send(mut self) -> Reply {
        if self.body.is_some() {
            self.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        self.headers.entry("x-request-id").or_insert(HeaderValue::from_static(REQUEST_ID));
        let url = format!("http://{}:{}{}", self.host, self.server.address().port(), self.path);
        let mut request = self.server.client().request(self.method.clone(), url).headers(self.headers);
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("a whole answer");
        let reply = Reply::new(status, headers, &body);
        reply.check(&self.method, &self.path);
        reply
    }
}

impl<'s> IntoFuture for Call<'s> {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send + 's>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}
