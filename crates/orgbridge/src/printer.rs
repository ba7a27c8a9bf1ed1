//! Everything that a command shows: the one place that knows the standard streams.

use std::borrow::Cow;
use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// For programs: an object, or an array of objects where there may be several.
    Json,
}

/// Something that is printed as a row of a table or as a JSON object. [`record!`] makes them.
pub(crate) trait Record: Serialize {
    /// The heading of each column.
    const COLUMNS: &'static [&'static str];

    /// What stands in each column.
    fn cells(&self) -> Vec<String>;
}

/// What stands in one cell of a table.
pub(crate) trait Cell {
    /// Its text.
    fn text(&self) -> String;
}

impl Cell for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl Cell for Option<String> {
    fn text(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

impl Cell for Vec<String> {
    fn text(&self) -> String {
        self.join(", ")
    }
}

impl Cell for Option<Vec<String>> {
    fn text(&self) -> String {
        self.as_ref().map(Cell::text).unwrap_or_default()
    }
}

impl Cell for bool {
    fn text(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Cell for u64 {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Declares a struct that can be printed, its fields being columns and members alike. Those behind the
/// semicolon are too much for a table.
macro_rules! record {
    (
        $(#[$doc:meta])* $name:ident {
            $($field:ident: $type:ty,)+
            $(; $($more:ident: $more_type:ty,)+)?
        }
    ) => {
        $(#[$doc])*
        // No `Debug`: some records show a key.
        #[derive(serde::Serialize)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)+
            $($(pub(crate) $more: $more_type,)+)?
        }

        impl $crate::printer::Record for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field),)+];

            fn cells(&self) -> Vec<String> {
                vec![$($crate::printer::Cell::text(&self.$field),)+]
            }
        }
    };
}
pub(crate) use record;

/// Shows things in the format that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    format: OutputFormat,
}

impl Printer {
    pub(crate) const fn new(format: OutputFormat) -> Self {
        Self { format }
    }

    /// Prints a line of data, whatever the format.
    #[expect(clippy::unused_self, reason = "only what was handed a printer prints")]
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", in_its_place(text)).and_then(|()| out.flush()).map_err(Failure::Output)
    }

    /// Tells a person something that is no data; a program that reads our output never sees it.
    #[expect(clippy::unused_self, reason = "only what was handed a printer prints")]
    pub(crate) fn note(self, text: &str) {
        // Whoever closed the error stream doesn't want to know.
        let _ = writeln!(io::stderr().lock(), "{}", in_its_place(text));
    }

    /// Prints one record.
    pub(crate) fn one<R: Record>(self, record: &R) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Table => self.line(&table(std::slice::from_ref(record))),
            OutputFormat::Json => self.json(record),
        }
    }

    /// Prints as many records as there are.
    pub(crate) fn all<R: Record>(self, records: &[R]) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Table => self.line(&table(records)),
            OutputFormat::Json => self.json(records),
        }
    }

    /// Prints a report: as one JSON object for programs, as `text` for people.
    pub(crate) fn report(self, report: &impl Serialize, text: &str) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Table => self.line(text),
            OutputFormat::Json => self.json(report),
        }
    }

    /// A bar on the error stream that shows how much of `total` is done; nothing where that is no terminal, or
    /// where `total` is less than `worth_showing`.
    #[expect(clippy::unused_self, reason = "only what was handed a printer prints")]
    pub(crate) fn progress(self, total: usize, worth_showing: usize, doing: &'static str) -> ProgressBar {
        if total < worth_showing {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len}");
        ProgressBar::new(total as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_message(doing)
    }

    fn json(self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.into()))?;
        self.line(&text)
    }
}

/// A text in which no name turns around or tears what stands beside it: the characters that would are written as JSON
/// writes them, which programs read as what they were. Names hold no control characters.
fn in_its_place(text: &str) -> Cow<'_, str> {
    let moves = |char: char| {
        let overrides_or_isolates = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        overrides_or_isolates || matches!(char, '\u{2028}' | '\u{2029}')
    };
    if !text.contains(moves) {
        return Cow::Borrowed(text);
    }
    let written = |char: char| if moves(char) { format!("\\u{:04x}", u32::from(char)) } else { char.into() };
    Cow::Owned(text.chars().map(written).collect::<Vec<String>>().concat())
}

/// Records below their headings, for people.
pub(crate) fn table<R: Record>(records: &[R]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(R::COLUMNS.iter().map(|column| column.replace('_', " ").to_uppercase()));
    for record in records {
        table.add_row(record.cells());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
