//! What the types of a handler say about its call.
//!
//! Each argument says what it asks of a request and how it can refuse it, and the answer says what it shows. A
//! handler with an argument or an answer that says nothing can't be mounted, so nothing is left out of the
//! description, and nothing in it is said twice.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::model::{Parameter, Place};
use crate::Access;
use crate::api::Api;
use crate::authorize::HTML;
use crate::error::ApiError;
use crate::reply::{FORM, JSON};

/// An argument of a handler.
pub(crate) trait Asks {
    /// Says what it asks of a request, and one refusal of each kind that it can give.
    fn outline(outline: &mut Outline<'_>);
}

/// What a handler answers where it succeeds.
pub(crate) trait Answers {
    /// Says what it shows.
    fn outline(outline: &mut Outline<'_>);
}

/// A type that says whom a handler admits.
pub(crate) trait Admits: Asks {
    /// Whom.
    const ACCESS: Access;
}

/// A handler, by its arguments as axum's [`Handler`](axum::handler::Handler) has them: after a marker, first the
/// one that says whom it admits. A handler without such an argument can't be mounted.
pub(crate) trait Endpoint<Arguments> {
    /// Whom it admits.
    const ACCESS: Access;

    /// Says what it asks, refuses and shows.
    fn outline(outline: &mut Outline<'_>);
}

macro_rules! endpoints {
    ($(($($rest:ident),*))+) => {$(
        impl<Function, Outcome, Answer, Marker, First, $($rest),*> Endpoint<(Marker, First, $($rest,)*)>
            for Function
        where
            Function: Fn(First, $($rest),*) -> Outcome,
            Outcome: Future<Output = Result<Answer, ApiError>>,
            Answer: Answers,
            First: Admits,
            $($rest: Asks,)*
        {
            const ACCESS: Access = First::ACCESS;

            fn outline(outline: &mut Outline<'_>) {
                First::outline(outline);
                $($rest::outline(outline);)*
                Answer::outline(outline);
            }
        }
    )+};
}

endpoints! { () (Second) (Second, Third) (Second, Third, Fourth) (Second, Third, Fourth, Fifth) }

/// Arguments that are read together, the first before the second.
impl<First: Asks, Second: Asks> Asks for (First, Second) {
    fn outline(outline: &mut Outline<'_>) {
        First::outline(outline);
        Second::outline(outline);
    }
}

/// What every part of the API shares asks nothing of a request.
impl Asks for State<Api> {
    fn outline(_: &mut Outline<'_>) {}
}

/// Where what is said of one call is collected.
pub(crate) struct Outline<'g> {
    schemas: &'g mut Schemas,
    said: Said,
}

/// What is said of one call.
#[derive(Default)]
pub(super) struct Said {
    pub(super) parameters: Vec<Parameter>,
    /// The media type and what it holds.
    pub(super) body: Option<(&'static str, Schema)>,
    pub(super) may_lack_body: bool,
    pub(super) refusals: Vec<ApiError>,
    pub(super) answers: Vec<Answer>,
}

/// One way in which a call succeeds.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) description: &'static str,
    /// The media type and what it holds.
    pub(super) content: Option<(&'static str, Schema)>,
    /// Whether it names the version of what it shows.
    pub(super) has_etag: bool,
    /// Whether it sends a browser on.
    pub(super) has_location: bool,
}

impl<'g> Outline<'g> {
    pub(super) fn new(schemas: &'g mut Schemas) -> Self {
        Self { schemas, said: Said::default() }
    }

    pub(super) fn finish(self) -> Said {
        self.said
    }

    /// A variable segment of the path.
    pub(crate) fn path_parameter(&mut self, name: &'static str, description: &'static str, schema: Schema) {
        self.said.parameters.push(Parameter {
            name,
            place: Place::Path,
            description,
            required: true,
            schema,
        });
    }

    /// A parameter of the query, which may be absent.
    pub(crate) fn query_parameter(&mut self, name: &'static str, description: &'static str, schema: Schema) {
        self.said.parameters.push(Parameter {
            name,
            place: Place::Query,
            description,
            required: false,
            schema,
        });
    }

    /// A header, which may be absent.
    pub(super) fn header(&mut self, name: &'static str, description: &'static str, schema: Schema) {
        self.said.parameters.push(Parameter {
            name,
            place: Place::Header,
            description,
            required: false,
            schema,
        });
    }

    /// A body of JSON from which a `T` is read.
    pub(crate) fn json_body<T: JsonSchema>(&mut self) {
        self.said.body = Some((JSON, self.schemas.taken.subschema_for::<T>()));
    }

    /// A form from which a `T` is read.
    pub(crate) fn form_body<T: JsonSchema>(&mut self) {
        self.said.body = Some((FORM, self.schemas.taken.subschema_for::<T>()));
    }

    /// A body of JSON from which a `T` is read, if there is one.
    pub(crate) fn json_body_if_any<T: JsonSchema>(&mut self) {
        self.json_body::<T>();
        self.said.may_lack_body = true;
    }

    /// A refusal, as an example of its kind.
    pub(crate) fn refusal(&mut self, refusal: impl Into<ApiError>) {
        self.said.refusals.push(refusal.into());
    }

    /// An answer of 200 with a body of JSON that shows a `T`.
    pub(crate) fn json_answer<T: JsonSchema>(&mut self) {
        self.json_answer_of::<T>(StatusCode::OK, "OK");
    }

    /// An answer of 201 with a body of JSON that shows the `T` that was made.
    pub(crate) fn created<T: JsonSchema>(&mut self) {
        self.json_answer_of::<T>(StatusCode::CREATED, "Created");
    }

    /// An answer of 204, without a body.
    pub(crate) fn no_content(&mut self) {
        let (status, description) = (StatusCode::NO_CONTENT, "Done.");
        self.said.answers.push(Answer {
            status,
            description,
            content: None,
            has_etag: false,
            has_location: false,
        });
    }

    fn json_answer_of<T: JsonSchema>(&mut self, status: StatusCode, description: &'static str) {
        let content = Some((JSON, self.schemas.shown.subschema_for::<T>()));
        self.said.answers.push(Answer { status, description, content, has_etag: false, has_location: false });
    }

    /// An answer of 200 with a document that has versions.
    pub(crate) fn document(&mut self, description: &'static str, media_type: &'static str, schema: Schema) {
        let content = Some((media_type, schema));
        self.said.answers.push(Answer {
            status: StatusCode::OK,
            description,
            content,
            has_etag: true,
            has_location: false,
        });
    }

    /// A page for a browser.
    pub(crate) fn page(&mut self, status: StatusCode, description: &'static str, schema: Schema) {
        let content = Some((HTML, schema));
        self.said.answers.push(Answer { status, description, content, has_etag: false, has_location: false });
    }

    /// An answer that sends a browser on.
    pub(crate) fn redirect(&mut self, description: &'static str) {
        let status = StatusCode::SEE_OTHER;
        self.said.answers.push(Answer {
            status,
            description,
            content: None,
            has_etag: false,
            has_location: true,
        });
    }

    /// An answer that there is no other version than the one that the client has.
    pub(crate) fn not_modified(&mut self) {
        let description = "The client has this version already.";
        let status = StatusCode::NOT_MODIFIED;
        self.said.answers.push(Answer {
            status,
            description,
            content: None,
            has_etag: true,
            has_location: false,
        });
    }
}

/// The schemas of all calls: what is shown has other members that are sure to be there than what is taken.
pub(super) struct Schemas {
    taken: SchemaGenerator,
    shown: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { taken: generator(Contract::Deserialize), shown: generator(Contract::Serialize) }
    }

    /// The schema of a `T` that is shown.
    pub(super) fn shown<T: JsonSchema>(&mut self) -> Schema {
        self.shown.subschema_for::<T>()
    }

    /// The schemas that were given names: those of what is taken, and those of what is shown.
    pub(super) fn finish(mut self) -> [serde_json::Map<String, serde_json::Value>; 2] {
        [self.taken.take_definitions(true), self.shown.take_definitions(true)]
    }
}
