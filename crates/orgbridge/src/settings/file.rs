//! The configuration file: TOML, of which every value has a place.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Form, Origin, Problem, Setting, TABLE};

/// A value as the file gives it.
#[derive(Debug)]
pub(super) struct FileValue {
    pub(super) setting: &'static Setting,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Reads the file's text, and says all that is wrong with it. In a text that is no TOML nothing is understood: what
/// could be guessed at would only raise more complaints.
pub(super) fn read(path: &Path, text: &str) -> (Vec<FileValue>, Vec<Problem>) {
    let mut reading = Reading { path, text, values: Vec::new(), problems: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reading.table("", table.get_ref());
    }
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        reading.complain(offset, error.message().to_owned());
    }
    (reading.values, reading.problems)
}

struct Reading<'t> {
    path: &'t Path,
    text: &'t str,
    values: Vec<FileValue>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let inside = format!("{key}.");
            if let Some(setting) = TABLE.iter().find(|setting| setting.key == key) {
                self.value(setting, value);
            } else if !TABLE.iter().any(|setting| setting.key.starts_with(&inside)) {
                let siblings = siblings(prefix);
                self.complain(
                    name.span().start,
                    format!("there is no setting {key:?}; expected one of {siblings}"),
                );
            } else if let DeValue::Table(nested) = value.get_ref() {
                self.table(&inside, nested);
            } else {
                let expected = format!("{key}: expected a table with {}", siblings(&inside));
                self.complain(value.span().start, expected);
            }
        }
    }

    fn value(&mut self, setting: &'static Setting, value: &Spanned<DeValue<'_>>) {
        let offset = value.span().start;
        let text = match (setting.form, value.get_ref()) {
            (Form::Text, DeValue::String(text)) => text.to_string(),
            (Form::Number, DeValue::Integer(number)) if number.radix() == 10 => {
                number.as_str().replace('_', "")
            }
            (Form::List, DeValue::Array(items)) => {
                let Some(texts) = self.list(setting, items) else { return };
                texts.join(",")
            }
            (form, other) => {
                let written = match form {
                    Form::Text => ", in quotes",
                    Form::Number => "",
                    Form::List => ", each in quotes, in a list",
                };
                let Setting { key, expected, .. } = setting;
                let found = other.type_str();
                self.complain(offset, format!("{key}: expected {expected}{written}; found {found}"));
                return;
            }
        };
        let origin = self.place(offset);
        self.values.push(FileValue { setting, text, origin });
    }

    /// The items of a list, if each of them is one that the setting accepts.
    fn list(&mut self, setting: &Setting, items: &[Spanned<DeValue<'_>>]) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in items {
            let found = match item.get_ref() {
                // What has a comma in it, or nothing, would be another number of items elsewhere.
                DeValue::String(text)
                    if !text.is_empty() && !text.contains(',') && (setting.accepts)(text) =>
                {
                    texts.push(text.to_string());
                    continue;
                }
                DeValue::String(text) => format!("{text:?}"),
                other => other.type_str().to_owned(),
            };
            let Setting { key, expected, .. } = setting;
            self.complain(item.span().start, format!("{key}: expected {expected}; found {found}"));
        }
        (texts.len() == items.len()).then_some(texts)
    }

    fn complain(&mut self, offset: usize, message: String) {
        let origin = self.place(offset);
        self.problems.push(Problem { origin, message });
    }

    fn place(&self, offset: usize) -> Origin {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The names that may stand in the table whose keys begin with `prefix`.
fn siblings(prefix: &str) -> String {
    let mut names: Vec<&str> = TABLE
        .iter()
        .filter_map(|setting| setting.key.strip_prefix(prefix))
        .map(|rest| rest.split('.').next().unwrap_or(rest))
        .collect();
    names.dedup();
    names.join(", ")
}
