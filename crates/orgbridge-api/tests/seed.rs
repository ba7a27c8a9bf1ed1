//! The public reference of *Update Org Connection*, held against the description of the API.
//!
//! Its facts stand in `seed/update_org_connection.md`, as tables. Where it calls a member of a request required or
//! optional, so must the description. Where it calls a member of an answer optional, the description may promise that
//! it is always there; what it calls required must be.

#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test, a panic is the message")]

use orgbridge_domain::Site;
use serde_json::Value;

const SEED: &str = include_str!("seed/update_org_connection.md");

/// What the seed says, by heading.
struct Seed(Vec<(String, Vec<Vec<String>>)>);

impl Seed {
    fn parse(text: &str) -> Self {
        let sections = text.split("\n## ").skip(1).map(|section| {
            let (heading, rest) = section.split_once('\n').unwrap();
            let rows = rest.lines().filter(|line| line.starts_with('|')).skip(2);
            let cells = |row: &str| {
                let row = row.strip_prefix('|').unwrap().trim_end().strip_suffix('|').unwrap();
                row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
            };
            let rows: Vec<_> = rows.map(cells).collect();
            assert!(!rows.is_empty(), "{heading} has no rows");
            (heading.to_owned(), rows)
        });
        Self(sections.collect())
    }

    fn rows(&self, heading: &str) -> &[Vec<String>] {
        let section = self.0.iter().find(|(known, _)| known == heading);
        &section.unwrap_or_else(|| panic!("the seed has no {heading}")).1
    }

    fn statuses(&self) -> impl Iterator<Item = (&str, &[Vec<String>])> {
        let sections = self.0.iter();
        sections.filter_map(|(heading, rows)| Some((heading.strip_prefix("Response ")?, rows.as_slice())))
    }
}

/// Whether it is the client or the server who owes what is required.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owed {
    ByTheClient,
    ByTheServer,
}

/// The description, and what of it is not as the seed says.
struct Comparison {
    document: Value,
    problems: Vec<String>,
}

impl Comparison {
    fn of(seed: &Seed) -> Vec<String> {
        let document = serde_json::from_str(&orgbridge_api::openapi_document().unwrap()).unwrap();
        let mut comparison = Self { document, problems: Vec::new() };
        comparison.compare(seed);
        comparison.problems
    }

    fn compare(&mut self, seed: &Seed) {
        let [method, path, permission] = &seed.rows("Endpoint")[0][..] else { panic!("the endpoint") };
        let operation = self.document["paths"][path][method.to_lowercase()].clone();
        if operation.is_null() {
            return self.problems.push(format!("{method} {path} is missing"));
        }
        self.expect(
            operation["x-permission"]["permissions"] == Value::from(vec![permission.as_str()]),
            || format!("the permission is not {permission}"),
        );
        for row in seed.rows("Sites") {
            let site = row[1].strip_prefix("api.").and_then(|site| site.parse::<Site>().ok());
            self.expect(site.is_some(), || format!("{} is the host of no site", row[1]));
        }
        for row in seed.rows("Path parameters") {
            self.path_parameter(&operation, row);
        }
        let request = operation["requestBody"]["content"]["application/json"].clone();
        self.expect(operation["requestBody"]["required"] == true, || "the body is not required".to_owned());
        for row in seed.rows("Request") {
            self.field("request", &request["schema"], row, Owed::ByTheClient);
        }
        for (status, rows) in seed.statuses() {
            let response = operation["responses"][status].clone();
            if response.is_null() {
                self.problems.push(format!("status {status} is missing"));
                continue;
            }
            for row in rows {
                let schema = &response["content"]["application/json"]["schema"];
                self.field(&format!("response {status}"), schema, row, Owed::ByTheServer);
            }
        }
        for row in seed.rows("Headers of the example") {
            self.header(&operation, &row[0], &row[1]);
        }
        for row in seed.rows("Values of the example") {
            self.value(&operation, &row[0], &row[1]);
        }
    }

    fn expect(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(problem());
        }
    }

    fn path_parameter(&mut self, operation: &Value, row: &[String]) {
        let [name, kind, required] = row else { panic!("a parameter has three cells: {row:?}") };
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let found =
            parameters.iter().find(|parameter| parameter["name"] == **name && parameter["in"] == "path");
        let Some(found) = found else { return self.problems.push(format!("parameter {name} is missing")) };
        self.expect(found["required"] == (required == "yes"), || {
            format!("{name}: required is not {required}")
        });
        self.expect(is_of_kind(&found["schema"], kind), || format!("{name} is no {kind}"));
    }

    fn field(&mut self, place: &str, schema: &Value, row: &[String], owed: Owed) {
        let [parent, name, kind, required, values] = row else { panic!("a field has five cells: {row:?}") };
        let place = format!("{place} {parent}.{name}").replace(" .", " ");
        let mut object = self.target(schema);
        for step in parent.split('.').filter(|step| !step.is_empty()) {
            object = self.target(&object["properties"][step]);
        }
        let field = self.target(&object["properties"][name]);
        if field.is_null() {
            return self.problems.push(format!("{place} is missing"));
        }
        self.expect(is_of_kind(&field, kind), || format!("{place} is no {kind}: {field}"));
        let allowed: Vec<_> = values.split(", ").filter(|value| !value.is_empty()).collect();
        self.expect(allowed.is_empty() || field["enum"] == Value::from(allowed), || {
            format!("{place} does not have exactly the values {values}: {}", field["enum"])
        });
        let is_required =
            object["required"].as_array().is_some_and(|names| names.contains(&Value::from(&**name)));
        let fits = match owed {
            Owed::ByTheClient => is_required == (required == "yes"),
            Owed::ByTheServer => is_required || required != "yes",
        };
        self.expect(fits, || format!("{place}: required is {is_required}, and should be {required}"));
    }

    fn header(&mut self, operation: &Value, name: &str, value: &str) {
        let is_described = match name {
            "Accept" => !operation["responses"]["200"]["content"][value].is_null(),
            "Content-Type" => !operation["requestBody"]["content"][value].is_null(),
            _ => {
                let schemes = &self.document["components"]["securitySchemes"];
                let asked = operation["security"][0].as_object().into_iter().flatten();
                asked.into_iter().any(|(scheme, _)| schemes[scheme]["name"] == name)
            }
        };
        self.expect(is_described, || format!("the header {name} is not described"));
    }

    /// The description has the same example but for times, which are shown with microseconds and an offset.
    fn value(&mut self, operation: &Value, place: &str, value: &str) {
        let value: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{place}: {error}"));
        let (whole, path) = place.split_once(' ').unwrap();
        let pointer = format!("/{}", path.replace('.', "/"));
        let found = match whole {
            "path" => {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let named = parameters.into_iter().find(|parameter| parameter["name"] == path);
                named.map(|parameter| parameter["schema"]["examples"][0].clone())
            }
            "request" => {
                operation["requestBody"]["content"]["application/json"]["example"].pointer(&pointer).cloned()
            }
            _ => {
                let content = &operation["responses"]["200"]["content"]["application/json"];
                content["example"].pointer(&pointer).cloned()
            }
        };
        let fits = match &found {
            Some(found) if path.ends_with("_at") => found.is_string(),
            found => *found == Some(value.clone()),
        };
        self.expect(fits, || format!("the example has no {value} at {place}: {found:?}"));
    }

    /// What a reference points to; anything else is itself.
    fn target(&self, schema: &Value) -> Value {
        let Some(reference) = schema["$ref"].as_str() else { return schema.clone() };
        self.document.pointer(reference.strip_prefix('#').unwrap()).cloned().unwrap_or_default()
    }
}

fn is_of_kind(schema: &Value, kind: &str) -> bool {
    match kind {
        "object" => schema["type"] == "object",
        "[string]" => schema["type"] == "array" && schema["items"]["type"] == "string",
        "enum" => schema["type"] == "string" && schema["enum"].is_array(),
        "string" => schema["type"] == "string",
        format => schema["type"] == "string" && schema["format"] == format,
    }
}

#[test]
fn the_description_is_what_the_seed_says() {
    let seed = Seed::parse(SEED);
    assert_eq!(seed.statuses().count(), 6);
    let problems = Comparison::of(&seed);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_row_that_does_not_hold_is_named() {
    for (right, wrong, problem) in [
        ("| PATCH | /api", "| PUT | /api", "PUT /api/v2/org_connections/{connection_id} is missing"),
        ("| org_connections_write |", "| org_management |", "the permission is not org_management"),
        ("| connection_id | string | yes |", "| id | string | yes |", "parameter id is missing"),
        (
            "| connection_id | string | yes |",
            "| connection_id | string | no |",
            "connection_id: required is not no",
        ),
        (
            "| data | id | uuid | yes | |\n| data | type",
            "| data | id | uuid | no | |\n| data | type",
            "request data.id: required is true, and should be no",
        ),
        (
            "| data.attributes | created_at | date-time |",
            "| data.attributes | created_on | date-time |",
            "response 200 data.attributes.created_on is missing",
        ),
        (
            "created_at | date-time",
            "created_at | uuid",
            "response 200 data.attributes.created_at is no uuid: ",
        ),
        ("| no | users |", "| no | users, people |", "does not have exactly the values users, people"),
        ("## Response 404", "## Response 418", "status 418 is missing"),
        ("| Accept | application/json |", "| Accept | text/csv |", "the header Accept is not described"),
        ("| DD-API-KEY |", "| DD-OTHER-KEY |", "the header DD-OTHER-KEY is not described"),
        (
            r#"| response data.attributes.connection_types | ["logs","metrics"] |"#,
            r#"| response data.attributes.connection_types | ["audit"] |"#,
            r#"the example has no ["audit"] at response data.attributes.connection_types"#,
        ),
    ] {
        assert!(SEED.contains(right), "{right}");
        let problems = Comparison::of(&Seed::parse(&SEED.replacen(right, wrong, 1)));
        assert!(problems.iter().any(|found| found.contains(problem)), "{problem} is not among {problems:#?}");
    }
}

#[test]
fn what_the_server_owes_may_not_become_optional() {
    let seed = SEED.replace("| data.attributes | created_at", "| data.relationships.sink_org.data | name");
    let problems = Comparison::of(&Seed::parse(&seed.replace("name | date-time", "name | string")));
    assert_eq!(
        problems,
        ["response 200 data.relationships.sink_org.data.name: required is false, and should be yes"]
    );
}
