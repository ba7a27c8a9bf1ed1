//! From a JSON value to a wire type, in words for whoever wrote the value.
//!
//! serde's own messages are for programmers: they speak of sequences, maps and fields. Here a mistake is named by its
//! path and in the terms of JSON, as in `data.attributes.connection_types[1]: must be a string, and not the number 7`.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Reads a `T` from `value`.
///
/// # Errors
/// The first [`Mistake`].
pub(super) fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Mistake> {
    T::deserialize(Reader(value))
}

/// What is wrong with a value, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The steps that lead there, the last one first: it is found on the way back.
    steps: Vec<Step>,
    problem: String,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

impl Mistake {
    fn new(problem: impl fmt::Display) -> Self {
        Self { steps: Vec::new(), problem: problem.to_string() }
    }

    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            formatter.write_str("the body")?;
        }
        for (position, step) in self.steps.iter().rev().enumerate() {
            match step {
                Step::Member(name) if position == 0 => formatter.write_str(name)?,
                Step::Member(name) => write!(formatter, ".{name}")?,
                Step::Item(item) => write!(formatter, "[{item}]")?,
            }
        }
        write!(formatter, ": {}", self.problem)
    }
}

impl std::error::Error for Mistake {}

impl Error for Mistake {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::new(problem)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = match expected.to_string() {
            expected if expected == "a sequence" => "an array".to_owned(),
            expected => expected,
        };
        Self::new(format_args!("must be {expected}, and not {}", in_words(found)))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new("is missing").inside(Step::Member(name.to_owned()))
    }
}

/// What was found. A text is not repeated: it may be a key that slipped.
fn in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(_) => "a string".to_owned(),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// A value that says what it is to whoever visits it.
struct Reader<'de>(&'de Value);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Items<'de>(std::iter::Enumerate<std::slice::Iter<'de, Value>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        let Some((position, item)) = self.0.next() else { return Ok(None) };
        let item = seed.deserialize(Reader(item));
        item.map(Some).map_err(|mistake| mistake.inside(Step::Item(position)))
    }
}

struct Members<'de> {
    left: serde_json::map::Iter<'de>,
    /// The member whose name was read last.
    current: Option<(&'de str, &'de Value)>,
}

impl<'de> Members<'de> {
    fn of(members: &'de Map<String, Value>) -> Self {
        Self { left: members.iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Mistake;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        self.current = self.left.next().map(|(name, value)| (name.as_str(), value));
        let Some((name, _)) = self.current else { return Ok(None) };
        let name: StrDeserializer<'_, Mistake> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mistake> {
        let Some((name, value)) = self.current.take() else {
            return Err(Mistake::new("its members are read out of order"));
        };
        seed.deserialize(Reader(value)).map_err(|mistake| mistake.inside(Step::Member(name.to_owned())))
    }
}
