//! JSON that has one meaning.
//!
//! `serde_json` alone takes what two readers could read differently: it keeps the last of two members with
//! one name, skips what nobody asks for unread, and fills a struct from an array. So every body is
//! [checked](check) as a whole first, and then read into [`Object`]s, which only an object fills.

mod shape;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// How many objects and arrays may stand inside each other. Source: contract, section 1.
const MAX_DEPTH: usize = 32;

/// Why a body is not what a call takes.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It is no JSON, or JSON of more than one meaning. The text says what is wrong and in which line and
    /// column.
    NotJson(String),
    /// It is JSON of another shape. The text begins with the path to what is wrong.
    OtherShape(String),
}

/// Reads one object and nothing else.
///
/// # Errors
/// [`Problem`], with its place.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::NotJson("the body is empty; expected an object".to_owned()));
    }
    let not_json = |error: serde_json::Error| Problem::NotJson(error.to_string());
    check(bytes).map_err(not_json)?;
    if let Ok(Object(value)) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    // Only where something is wrong is the whole body kept, to say what in better words than serde's.
    let value: Value = serde_json::from_slice(bytes).map_err(not_json)?;
    match shape::read(&value) {
        Ok(Object(value)) => Ok(value),
        Err(mistake) => Err(Problem::OtherShape(mistake.to_string())),
    }
}

/// Refuses what is no JSON text of RFC 8259, a member given twice, numbers that no double holds, and too
/// much depth.
fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Anything { levels_left: MAX_DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Any JSON value. Unlike [`serde::de::IgnoredAny`] it has every string unescaped and every number parsed.
#[derive(Clone, Copy)]
struct Anything {
    levels_left: usize,
}

impl Anything {
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left }),
            None => Err(E::custom(format_args!("more than {MAX_DEPTH} levels deep"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let item = self.inside()?;
        while items.next_element_seed(item)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let value = self.inside()?;
        let mut names = HashSet::with_hasher(foldhash::fast::RandomState::default());
        while let Some(name) = members.next_key_seed(MemberName)? {
            if let Some(name) = names.replace(name) {
                let start: String = name.chars().take(40).collect();
                return Err(A::Error::custom(format_args!("member {start:?} is repeated")));
            }
            members.next_value_seed(value)?;
        }
        Ok(())
    }
}

/// The name of a member, unescaped, so that `"id"` and `"\u0069d"` are one.
struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// A `T` that was an object: what serde derives for a struct would take an array of its members, too.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectOf(PhantomData)).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Object<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

struct ObjectOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOf<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        data: Object<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        types: Vec<String>,
    }

    fn outer(text: &str) -> Result<Vec<String>, Problem> {
        read::<Outer>(text.as_bytes()).map(|outer| outer.data.0.types)
    }

    fn not_json(bytes: &[u8]) -> String {
        match read::<Outer>(bytes) {
            Err(Problem::NotJson(why)) => why,
            other => panic!("{:?} became {other:?}", String::from_utf8_lossy(bytes)),
        }
    }

    fn other_shape(text: &str) -> String {
        match outer(text) {
            Err(Problem::OtherShape(why)) => why,
            other => panic!("{text} became {other:?}"),
        }
    }

    fn nested(depth: usize) -> String {
        let inside = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
        format!(r#"{{"data":{{"types":["logs"]}},"more":{inside}}}"#)
    }

    #[test]
    fn what_was_asked_for_is_read_and_the_rest_is_ignored() {
        let text = r#" {"more":[1,-2.5e3,true,null,{"a":"\ud83d\ude80"}],"data":{"types":["logs"],"x":{}}} "#;
        assert_eq!(outer(text).unwrap(), ["logs"]);
    }

    #[test]
    fn a_member_is_given_once_however_it_is_spelt() {
        assert_eq!(not_json(br#"{"data":1,"data":1}"#), r#"member "data" is repeated at line 1 column 16"#);
        for text in [
            r#"{"data":{"types":[]},"more":[{"a":{"b":1,"b":2}}]}"#,
            r#"{"data":{"types":[]},"d\u0061ta":{"types":[]}}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert!(not_json(text.as_bytes()).contains("is repeated"), "{text}");
        }
        let long = format!(r#"{{"{0}":1,"{0}":1}}"#, "x".repeat(9_000));
        assert!(not_json(long.as_bytes()).len() < 120);
    }

    #[test]
    fn depth_has_an_end() {
        assert!(outer(&nested(MAX_DEPTH)).is_ok());
        assert!(not_json(nested(MAX_DEPTH + 1).as_bytes()).contains("more than 32 levels deep"));
        for opening in ["[", r#"{"a":"#, r#"{"a":["#] {
            assert!(not_json(opening.repeat(100_000).as_bytes()).contains("more than 32 levels deep"));
        }
    }

    #[test]
    fn what_is_no_json_is_refused_wherever_it_stands() {
        let cases: [&[u8]; 24] = [
            b"nul",
            b"{}{}",
            b"{} x",
            b"{}\0",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\xc0\xaf\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"{\"\xff\":1}",
            br#"{"a":"\ud800"}"#,
            br#"{"a":"\udc00\ud800"}"#,
            br#"{"\ud800":1}"#,
            br#"{"a":"\x"}"#,
            b"{\"a\":\"\n\"}",
            br#"{"a":1e400}"#,
            br#"{"a":-1e400}"#,
            br#"{"a":NaN}"#,
            br#"{"a":Infinity}"#,
            br#"{"a":01}"#,
            br#"{"a":+1}"#,
            br#"{"a":1,}"#,
            br"{a:1}",
            br#"{"a":1}/**/"#,
        ];
        for bytes in cases {
            assert!(not_json(bytes).contains("line "), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_body_that_is_not_there_is_said_so() {
        for bytes in [&b""[..], b" ", b"\r\n\t"] {
            assert_eq!(not_json(bytes), "the body is empty; expected an object");
        }
    }

    #[test]
    fn another_shape_is_named_by_its_path() {
        for (text, mistake) in [
            ("{}", "data: is missing"),
            (r#"{"data":{}}"#, "data.types: is missing"),
            (r#"{"data":null}"#, "data: must be an object, and not null"),
            (r#"{"data":{"types":"logs"}}"#, "data.types: must be an array, and not a string"),
            (r#"{"data":{"types":{}}}"#, "data.types: must be an array, and not an object"),
            (r#"{"data":{"types":["logs",5]}}"#, "data.types[1]: must be a string, and not the number 5"),
            (r#"{"data":{"types":[-5]}}"#, "data.types[0]: must be a string, and not the number -5"),
            (r#"{"data":{"types":[-0]}}"#, "data.types[0]: must be a string, and not the number -0"),
            (r#"{"data":{"types":[1.5]}}"#, "data.types[0]: must be a string, and not the number 1.5"),
            (r#"{"data":{"types":[true]}}"#, "data.types[0]: must be a string, and not true"),
        ] {
            assert_eq!(other_shape(text), mistake, "{text}");
        }
    }

    #[test]
    fn an_array_is_no_object() {
        for (text, mistake) in [
            (r#"[{"types":["logs"]}]"#, "the body: must be an object, and not an array"),
            (r#"{"data":[["logs"]]}"#, "data: must be an object, and not an array"),
            ("null", "the body: must be an object, and not null"),
        ] {
            assert_eq!(other_shape(text), mistake, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read::<Outer>(&bytes);
        }

        #[test]
        fn no_json_like_text_makes_it_panic(text in r#"[\[\]{}:,"\\u0-9a-f.eE+\- ntrl]{0,80}"#) {
            let _ = read::<Outer>(text.as_bytes());
        }
    }
}
