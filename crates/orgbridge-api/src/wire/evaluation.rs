//! Questions and answers in the words of the `OpenID` `AuthZEN` Authorization API 1.0.
//!
//! The subject is an org, or a user of one, that wants to read; the action is `read`; and the resource is telemetry of a
//! type that an org owns. Whatever else the standard lets a question hold is ignored.

use orgbridge_domain::evaluation::{Question, Reader, Verdict};
use orgbridge_domain::{ConnectionId, ConnectionType, OrgId};
use orgbridge_ledger::Revision;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::resource::{Text, Textual as _};
use crate::error::ApiError;
use crate::json::Object;

/// The most questions that one call may ask.
pub(crate) const MAX_QUESTIONS: usize = 1000;

/// The types of a subject.
const ORG: &str = "org";
const USER: &str = "user";

/// The only action.
const READ: &str = "read";

/// A question. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EvaluationRequest")]
pub(crate) struct EvaluationRequest {
    subject: Object<Subject>,
    action: Object<Action>,
    resource: Object<Owned>,
}

/// Questions. What one of them leaves out is taken from beside them. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EvaluationsRequest")]
pub(crate) struct EvaluationsRequest {
    subject: Option<Object<Subject>>,
    action: Option<Object<Action>>,
    resource: Option<Object<Owned>>,
    /// The questions. Where there are none, what stands beside them is the only one.
    #[serde(default)]
    #[schemars(length(max = MAX_QUESTIONS))]
    evaluations: Vec<Object<PartOfAQuestion>>,
    options: Option<Object<Options>>,
}

/// A question, or what of it differs from the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct PartOfAQuestion {
    subject: Option<Object<Subject>>,
    action: Option<Object<Action>>,
    resource: Option<Object<Owned>>,
}

/// Who wants to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EvaluationSubject")]
struct Subject {
    /// `org`, or `user` for a user in the name of their org. Of any other type, it may nothing.
    #[serde(rename = "type")]
    #[schemars(extend("examples" = [ORG]))]
    kind: String,
    /// The id of the org or user.
    #[schemars(extend("examples" = ["83999dcd-7f97-11f0-8de1-1ecf66f1aa85"]))]
    id: String,
}

/// What is to be done. Anything but `read` is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EvaluationAction")]
struct Action {
    #[schemars(extend("examples" = [READ]))]
    name: String,
}

/// What is to be read.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EvaluationResource")]
struct Owned {
    /// The type of telemetry: `logs`, `metrics` or `audit`. Nobody may read any other.
    #[serde(rename = "type")]
    #[schemars(extend("examples" = ["logs"]))]
    kind: String,
    /// The id of the org that owns it.
    #[schemars(extend("examples" = [OrgId::EXAMPLE]))]
    id: String,
}

/// How the questions are gone through.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Options {
    /// When to stop. Later questions have no answer then.
    #[serde(default)]
    #[schemars(schema_with = "semantics")]
    evaluations_semantic: Option<String>,
}

/// When to stop going through questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Until {
    /// When all are answered.
    #[default]
    TheEnd,
    /// When one is answered with this.
    First(bool),
}

const SEMANTICS: [(&str, Until); 3] = [
    ("execute_all", Until::TheEnd),
    ("deny_on_first_deny", Until::First(false)),
    ("permit_on_first_permit", Until::First(true)),
];

fn semantics(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "enum": SEMANTICS.map(|(name, _)| name)})
}

/// What a call asks.
#[derive(Debug)]
pub(crate) enum Asked {
    /// One question.
    One(Option<Question>),
    /// Several.
    Many(Vec<Option<Question>>, Until),
}

impl EvaluationRequest {
    /// The question; `None` where nobody may do such a thing.
    pub(crate) fn question(&self) -> Option<Question> {
        question(&self.subject.0, &self.action.0, &self.resource.0)
    }
}

impl EvaluationsRequest {
    /// The questions.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if a question lacks a part, if there are too many, or if when to stop is none of the
    /// standard's words.
    pub(crate) fn asked(&self) -> Result<Asked, ApiError> {
        let until = self.until()?;
        if self.evaluations.is_empty() {
            let none = PartOfAQuestion { subject: None, action: None, resource: None };
            return self.complete("", &none).map(Asked::One);
        }
        if self.evaluations.len() > MAX_QUESTIONS {
            let count = self.evaluations.len();
            return Err(ApiError::Invalid(format!(
                "evaluations: must be at most {MAX_QUESTIONS}, and not {count}"
            )));
        }
        let parts = self.evaluations.iter().enumerate();
        let questions = parts
            .map(|(position, Object(part))| self.complete(&format!("evaluations[{position}]."), part))
            .collect::<Result<_, _>>()?;
        Ok(Asked::Many(questions, until))
    }

    fn until(&self) -> Result<Until, ApiError> {
        let semantic =
            self.options.as_ref().and_then(|Object(options)| options.evaluations_semantic.as_deref());
        let Some(semantic) = semantic else { return Ok(Until::default()) };
        let known = SEMANTICS.iter().find(|(name, _)| *name == semantic);
        known.map(|(_, until)| *until).ok_or_else(|| {
            let names = SEMANTICS.map(|(name, _)| name).join(", ");
            ApiError::Invalid(format!("options.evaluations_semantic: expected one of {names}"))
        })
    }

    fn complete(&self, place: &str, part: &PartOfAQuestion) -> Result<Option<Question>, ApiError> {
        fn either<'a, T>(
            own: Option<&'a Object<T>>,
            common: Option<&'a Object<T>>,
            place: &str,
            name: &str,
        ) -> Result<&'a T, ApiError> {
            let missing = || ApiError::Invalid(format!("{place}{name}: is missing"));
            own.or(common).map(|Object(part)| part).ok_or_else(missing)
        }
        let subject = either(part.subject.as_ref(), self.subject.as_ref(), place, "subject")?;
        let action = either(part.action.as_ref(), self.action.as_ref(), place, "action")?;
        let resource = either(part.resource.as_ref(), self.resource.as_ref(), place, "resource")?;
        Ok(question(subject, action, resource))
    }
}

/// What names no org, no type of telemetry or another action is no mistake: the answer is that nobody may.
fn question(subject: &Subject, action: &Action, resource: &Owned) -> Option<Question> {
    if action.name != READ {
        return None;
    }
    let reader = match subject.kind.as_str() {
        ORG => Reader::Org(subject.id.parse().ok()?),
        USER => Reader::User(subject.id.parse().ok()?),
        _ => return None,
    };
    Some(Question {
        reader,
        owner: resource.id.parse().ok()?,
        wanted: resource.kind.parse::<ConnectionType>().ok()?,
    })
}

/// A decision.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EvaluationResponse")]
pub(crate) struct Decision {
    /// Whether it may.
    pub(crate) decision: bool,
    context: DecisionContext,
}

/// What a decision rests on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DecisionContext {
    /// The connection by which it may; absent where it reads its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text<ConnectionId>")]
    connection_id: Option<Text<ConnectionId>>,
    /// How many changes there were when it was decided.
    revision: u64,
}

impl Decision {
    pub(crate) fn of(verdict: Verdict<'_>, revision: Revision) -> Self {
        let (decision, connection_id) = match verdict {
            Verdict::Refused => (false, None),
            Verdict::Own => (true, None),
            Verdict::Connected(connection) => (true, Some(Text(connection.id))),
        };
        Self { decision, context: DecisionContext { connection_id, revision: revision.get() } }
    }
}

/// A decision for each question, in their order, or the only one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EvaluationsResponse")]
pub(crate) enum Decisions {
    /// The answer to the only question.
    One(Decision),
    /// The answers.
    Many {
        /// One for each question, up to where it was to stop.
        evaluations: Vec<Decision>,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const READER: &str = "83999dcd-7f97-11f0-8de1-1ecf66f1aa85";
    const OWNER: &str = OrgId::EXAMPLE;

    fn subject() -> Value {
        json!({"type": "org", "id": READER, "properties": {"team": "blue"}})
    }

    fn resource(kind: &str) -> Value {
        json!({"type": kind, "id": OWNER})
    }

    fn asked(body: Value) -> Result<Asked, String> {
        let request: EvaluationsRequest = serde_json::from_value(body).unwrap();
        request.asked().map_err(|error| format!("{error:?}"))
    }

    fn logs() -> Question {
        let wanted = ConnectionType::Logs;
        Question { reader: Reader::Org(READER.parse().unwrap()), owner: OWNER.parse().unwrap(), wanted }
    }

    #[test]
    fn a_question_names_two_orgs_and_a_type() {
        let body = json!({"subject": subject(), "action": {"name": "read"}, "resource": resource("logs"),
            "context": {"time": "now"}});
        let request: EvaluationRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.question(), Some(logs()));
    }

    #[test]
    fn what_names_nothing_is_a_question_that_nobody_may() {
        let braced = format!("{{{READER}}}");
        for (subject, action, resource) in [
            (json!({"type": "role", "id": READER}), "read", resource("logs")),
            (json!({"type": "Org", "id": READER}), "read", resource("logs")),
            (json!({"type": "org", "id": braced}), "read", resource("logs")),
            (json!({"type": "org", "id": ""}), "read", resource("logs")),
            (subject(), "write", resource("logs")),
            (subject(), "", resource("logs")),
            (subject(), "read", resource("traces")),
            (subject(), "read", json!({"type": "logs", "id": "source"})),
        ] {
            let body = json!({"subject": subject, "action": {"name": action}, "resource": resource});
            let request: EvaluationRequest = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(request.question(), None, "{body}");
        }
    }

    #[test]
    fn what_a_question_leaves_out_is_taken_from_beside_it() {
        let body = json!({
            "subject": subject(), "action": {"name": "read"}, "resource": resource("metrics"),
            "evaluations": [
                {"resource": resource("logs")},
                {"subject": {"type": "user", "id": OWNER}, "resource": resource("logs")},
                {"action": {"name": "write"}},
            ],
            "options": {"evaluations_semantic": "deny_on_first_deny", "more": 1},
        });
        let Ok(Asked::Many(questions, until)) = asked(body) else { panic!("they are many") };
        let itself = Question { reader: Reader::User(OWNER.parse().unwrap()), ..logs() };
        assert_eq!(questions, [Some(logs()), Some(itself), None]);
        assert_eq!(until, Until::First(false));
    }

    #[test]
    fn without_questions_what_stands_beside_them_is_the_only_one() {
        for evaluations in [json!({}), json!({"evaluations": []})] {
            let mut body =
                json!({"subject": subject(), "action": {"name": "read"}, "resource": resource("logs")});
            body.as_object_mut().unwrap().extend(evaluations.as_object().unwrap().clone());
            assert!(matches!(asked(body), Ok(Asked::One(Some(question))) if question == logs()));
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let missing = asked(json!({"action": {"name": "read"}, "evaluations": [
            {"subject": subject(), "resource": resource("logs")}, {"subject": subject()},
        ]}));
        assert_eq!(missing.unwrap_err(), r#"Invalid("evaluations[1].resource: is missing")"#);
        assert_eq!(asked(json!({})).unwrap_err(), r#"Invalid("subject: is missing")"#);
        let many = asked(json!({"evaluations": vec![json!({}); MAX_QUESTIONS + 1]}));
        assert_eq!(many.unwrap_err(), r#"Invalid("evaluations: must be at most 1000, and not 1001")"#);
        let semantic = asked(json!({"options": {"evaluations_semantic": "all"}}));
        assert!(semantic.unwrap_err().contains("options.evaluations_semantic: expected one of execute_all"));
    }
}
