//! YAML as a tree in which everything has a place.
//!
//! Scalars stay text: which type one has is known to whoever reads it. A key of digits alone would be taken for
//! a number otherwise, and lose its leading zeros.

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

use super::location::{Location, Path, Place, Problem};

/// How deep values may be nested; the format needs nine levels.
const MAX_DEPTH: usize = 32;

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    /// Nothing, as in `orgs:` with nothing behind it.
    Null,
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Member>),
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

/// Reads the one document that `text` holds.
///
/// # Errors
/// The first thing that is no YAML, or none of ours: what follows it can't be understood.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    reader.document()
}

struct Reader<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut found = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => {
                    let empty = Node { place: place(span.start), value: Value::Null };
                    return Ok(found.unwrap_or(empty));
                }
                _ if found.is_some() => return Err(problem(span.start, "expected only one document")),
                event => found = Some(self.node(event, span, 0)?),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Problem> {
        if depth > MAX_DEPTH {
            return Err(problem(span.start, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let value = match event {
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(.., Some(_))
            | Event::MappingStart(.., Some(_)) => {
                return Err(problem(span.start, "tags are not understood here; leave the tag out"));
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => Value::Null,
            Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
            Event::SequenceStart(..) => self.sequence(depth)?,
            Event::MappingStart(..) => self.mapping(depth)?,
            Event::Alias(_) => {
                return Err(problem(span.start, "aliases are not understood here; write the value out"));
            }
            _ => return Err(problem(span.start, "expected a value")),
        };
        Ok(Node { place: place(span.start), value })
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Sequence(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (event, key) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(Value::Mapping(members)),
                Event::Scalar(name, ..) => name.into_owned(),
                _ => return Err(problem(key.start, "expected the name of a member")),
            };
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            if members.iter().any(|member| member.name == name) {
                return Err(problem(key.start, "a member of this name is there already"));
            }
            members.push(Member { name, place: place(key.start), node });
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(no_yaml(&error)),
            None => Err(Location { place: Place { line: 1, column: 1 }, path: String::new() }
                .problem("the file ends too early")),
        }
    }
}

fn no_yaml(error: &ScanError) -> Problem {
    problem(*error.marker(), format!("this is no YAML: {}", error.info()))
}

fn problem(marker: Marker, message: impl std::fmt::Display) -> Problem {
    Location::new(place(marker), &Path::Top).problem(message)
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}
