//! The description as a page for people: one file that loads nothing and runs nothing.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use schemars::Schema;
use serde_json::Value;

use super::fields::{self, Field};
use super::model::{Content, Document, Operation, Parameter, Place, Response};
use crate::html::{Html, code};
use crate::reply::FORM;

/// How the page looks. It stands in the page itself.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page that shows `document`.
pub(super) fn of(document: &Document) -> String {
    let sections = document.tags.iter().map(|tag| {
        let operations = document.operations.iter().filter(|operation| operation.tags[0] == tag.name);
        let title = heading("h2", &anchor(tag.name), tag.name);
        let articles = operations.map(|operation| article(operation, &document.components.schemas));
        Html::element("section", &[], [title, paragraph(tag.description)].into_iter().chain(articles))
    });
    let main = sections.chain([common_headers(document)]);
    let body = [
        Html::element("a", &[("class", "skip"), ("href", "#calls")], [Html::text("Skip to the calls")]),
        introduction(document),
        contents(document),
        Html::element("main", &[("id", "calls")], main),
    ];
    Html::styled_page(&format!("{} API", document.info.title), STYLE, body)
}

fn introduction(document: &Document) -> Html {
    let version = Html::element("small", &[], [Html::text(format!(" {}", document.info.version))]);
    let title = [Html::text(format!("{} API", document.info.title)), version];
    let description = Html::element("a", &[("href", "/api/v2/openapi.json")], [Html::text("openapi.json")]);
    let schemes = document.components.security_schemes.values().map(|scheme| {
        let (name, description) = scheme.shown();
        [Html::element("dt", &[], [code(name)]), Html::element("dd", &[], [Html::prose(description)])]
            .into_iter()
            .collect()
    });
    Html::element(
        "header",
        &[],
        [
            Html::element("h1", &[], title),
            Html::element("p", &[("class", "lead")], [Html::prose(document.info.summary)]),
            paragraph(document.info.description),
            Html::element("p", &[], [Html::text("The same for programs: "), description]),
            Html::element("dl", &[], schemes),
        ],
    )
}

fn contents(document: &Document) -> Html {
    let groups = document.tags.iter().map(|tag| {
        let operations = document.operations.iter().filter(|operation| operation.tags[0] == tag.name);
        let links = operations.map(|operation| {
            let target = format!("#{}", operation.id);
            let link = Html::element("a", &[("href", &target)], [Html::text(operation.summary)]);
            Html::element("li", &[], [method(&operation.method), Html::text(" "), link])
        });
        let name = Html::element("p", &[("class", "group")], [Html::text(tag.name)]);
        [name, Html::element("ul", &[], links)].into_iter().collect()
    });
    Html::element("nav", &[("aria-label", "Calls")], groups)
}

fn article(operation: &Operation, named: &BTreeMap<String, Schema>) -> Html {
    let line = [method(&operation.method), Html::text(" "), code(operation.path)];
    let parts = [
        heading("h3", operation.id, operation.summary),
        Html::element("p", &[("class", "call")], line),
        paragraph(operation.description),
        Html::element("p", &[("class", "needs")], [Html::prose(&needs(operation))]),
        parameters(&operation.parameters, named),
        operation.request_body.as_ref().map_or(Html::nothing(), |body| {
            body.content.values().map(|content| part("Body", [fields_of(content, named)])).collect()
        }),
        part("Example", [block(&curl(operation))]),
        operation.responses.iter().map(|(status, response)| answer(*status, response, named)).collect(),
        errors(operation),
    ];
    Html::element("article", &[], parts)
}

/// Whom the call is open to, and its name in programs.
fn needs(operation: &Operation) -> String {
    let keys = match operation.security.first().map_or(0, BTreeMap::len) {
        0 => "no credentials".to_owned(),
        1 => "an API key".to_owned(),
        _ => "an API key and an application key, or an access token,".to_owned(),
    };
    let permission = operation.permission.as_ref().map_or(String::new(), |needed| {
        let names: Vec<_> = needed.permissions.iter().map(|name| format!("`{name}`")).collect();
        format!(" with the permission {}", names.join(" or "))
    });
    format!("Needs {keys}{permission}. In programs it is called `{}`.", operation.id)
}

fn parameters(parameters: &[Parameter], named: &BTreeMap<String, Schema>) -> Html {
    let rows = parameters.iter().map(|parameter| {
        let place = match parameter.place {
            Place::Path => "in the path",
            Place::Query => "in the query",
            Place::Header => "in a header",
        };
        let kind = fields::kind(parameter.schema.as_value(), named);
        row([
            [code(parameter.name), required(parameter.required)].into_iter().collect(),
            Html::text(format!("{kind}, {place}")),
            Html::prose(parameter.description),
        ])
    });
    if parameters.is_empty() {
        return Html::nothing();
    }
    part("Parameters", [table(["name", "what it may be", "what it is"], rows)])
}

fn fields_of(content: &Content, named: &BTreeMap<String, Schema>) -> Html {
    let rows = fields::of(content.schema.as_value(), named).into_iter().map(|field| {
        let Field { path, kind, is_required, description } = field;
        row([
            [code(path), required(is_required)].into_iter().collect(),
            Html::text(kind),
            Html::prose(&description),
        ])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Html::nothing();
    }
    table(["member", "what it may be", "what it is"], rows)
}

/// How the call is made with curl, by whoever has put the server's address and the keys into variables.
fn curl(operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Path) {
        let example = parameter.schema.get("examples").and_then(|examples| examples.get(0)?.as_str());
        path = path.replace(&format!("{{{}}}", parameter.name), example.unwrap_or(parameter.name));
    }
    let mut lines = vec![format!("curl --request {} \"${{ORGBRIDGE_URL}}{path}\"", operation.method)];
    let variables =
        [("apiKeyAuth", "DD-API-KEY: ${DD_API_KEY}"), ("appKeyAuth", "DD-APPLICATION-KEY: ${DD_APP_KEY}")];
    let schemes = operation.security.first();
    for (scheme, header) in variables {
        if schemes.is_some_and(|schemes| schemes.contains_key(scheme)) {
            lines.push(format!("  --header \"{header}\""));
        }
    }
    let body = operation.request_body.as_ref().and_then(|body| body.content.iter().next());
    if let Some((media_type, content)) = body {
        if *media_type == FORM {
            let members = content.example.as_ref().and_then(Value::as_object).into_iter().flatten();
            let members = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
            lines.extend(members.map(|(name, value)| format!("  --data-urlencode '{name}={value}'")));
        } else {
            lines.push(format!("  --header \"Content-Type: {media_type}\""));
            let example = content.example.as_ref().map_or(String::new(), pretty);
            lines.push(format!("  --data @- <<'EOF'\n{example}\nEOF"));
        }
    }
    lines.join(" \\\n")
}

/// A successful answer.
fn answer(status: u16, response: &Response, named: &BTreeMap<String, Schema>) -> Html {
    if status >= StatusCode::BAD_REQUEST.as_u16() {
        return Html::nothing();
    }
    let description =
        if response.description == "OK" { Html::nothing() } else { paragraph(&response.description) };
    let content = response.content.values().map(|content| {
        let example = content.example.as_ref().filter(|example| example.is_object());
        let is_described =
            !content.schema.get("additionalProperties").is_some_and(|more| more == &Value::Bool(true));
        let fields = if is_described { fields_of(content, named) } else { Html::nothing() };
        let example =
            example.filter(|_| is_described).map_or(Html::nothing(), |example| block(&pretty(example)));
        [example, details("Members", fields)].into_iter().collect::<Html>()
    });
    part(&format!("Answer {status}"), [description].into_iter().chain(content))
}

fn errors(operation: &Operation) -> Html {
    let refusals = operation.responses.range(StatusCode::BAD_REQUEST.as_u16()..);
    let rows = refusals.map(|(status, response)| {
        let examples = response.content.values().flat_map(|content| content.examples.values());
        let texts = examples.map(|example| {
            let value = &example.value;
            let of_oauth = [&value["error"], &value["error_description"]];
            let texts =
                value["errors"].as_array().map_or_else(|| of_oauth.to_vec(), |texts| texts.iter().collect());
            let texts = texts.into_iter().filter_map(Value::as_str);
            let texts = texts.enumerate().map(|(position, text)| {
                let separator = if position == 0 { Html::nothing() } else { Html::text(" · ") };
                [separator, code(text)].into_iter().collect()
            });
            Html::element("li", &[], texts)
        });
        let name = format!("{status} {}", response.description);
        row([Html::element("strong", &[], [Html::text(name)]), Html::element("ul", &[], texts)])
    });
    details("Errors", table(["status", "what it says, among other things"], rows))
}

fn common_headers(document: &Document) -> Html {
    let headers = document.components.headers.iter().filter(|(_, header)| header.required);
    let rows = headers.map(|(name, header)| {
        let kind = fields::kind(header.schema.as_value(), &document.components.schemas);
        row([code(name), Html::text(kind), Html::prose(header.description)])
    });
    let note = "Every answer of a call has the five `x-ratelimit-` headers and `x-request-id`. `Retry-After` comes \
                with 429 and 503, `WWW-Authenticate` with 401, `Allow` with 405 and `ETag` with what has versions.";
    let table = table(["header", "what it may be", "what it is"], rows);
    Html::element("section", &[], [heading("h2", "headers", "Headers of answers"), paragraph(note), table])
}

fn method(method: &Method) -> Html {
    let class = format!("method {}", method.as_str().to_lowercase());
    Html::element("span", &[("class", &class)], [Html::text(method.as_str())])
}

fn heading(level: &'static str, anchor: &str, text: &str) -> Html {
    let target = format!("#{anchor}");
    Html::element(level, &[("id", anchor)], [Html::element("a", &[("href", &target)], [Html::text(text)])])
}

fn part(title: &str, inside: impl IntoIterator<Item = Html>) -> Html {
    [Html::element("h4", &[], [Html::text(title)])].into_iter().chain(inside).collect()
}

fn details(title: &str, inside: Html) -> Html {
    if inside.is_empty() {
        return inside;
    }
    Html::element("details", &[], [Html::element("summary", &[], [Html::text(title)]), inside])
}

fn paragraph(text: &str) -> Html {
    Html::element("p", &[], [Html::prose(text)])
}

fn block(text: &str) -> Html {
    // Whoever uses a keyboard can scroll it.
    Html::element("pre", &[("tabindex", "0")], [code(text)])
}

fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: impl IntoIterator<Item = Html>) -> Html {
    let head = head.map(|title| Html::element("th", &[("scope", "col")], [Html::text(title)]));
    let head = Html::element("thead", &[], [Html::element("tr", &[], head)]);
    let table = Html::element("table", &[], [head, Html::element("tbody", &[], rows)]);
    Html::element("div", &[("class", "table")], [table])
}

fn row<const COLUMNS: usize>(cells: [Html; COLUMNS]) -> Html {
    Html::element("tr", &[], cells.map(|cell| Html::element("td", &[], [cell])))
}

fn required(is_required: bool) -> Html {
    if is_required { Html::element("em", &[], [Html::text(" required")]) } else { Html::nothing() }
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
