//! What strict JSON is, in other words than those of the API.

use std::collections::HashSet;

use serde_json::Value;

/// How deep it may be nested. Source: contract, section 1.
const MAX_DEPTH: usize = 32;

/// Whether `bytes` are one JSON value in which no member is given twice, nested no deeper than allowed.
pub(crate) fn is_strict_json(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    serde_json::from_str::<Value>(text).is_ok() && has_unique_members(text)
}

/// Walks through a text that is JSON, from mark to mark.
fn has_unique_members(text: &str) -> bool {
    // What is open: for an object the names so far, for an array nothing.
    let mut open: Vec<Option<HashSet<String>>> = Vec::new();
    let mut last_string = String::new();
    let mut rest = text;
    while let Some(mark) = rest.find(['"', '{', '}', '[', ']', ':']) {
        let after = &rest[mark + 1..];
        match rest.as_bytes()[mark] {
            b'"' => {
                let end = end_of_string(after);
                let string = &rest[mark..=mark + 1 + end];
                last_string = serde_json::from_str(string).expect("a string of JSON");
                rest = &after[end + 1..];
                continue;
            }
            b'{' => open.push(Some(HashSet::new())),
            b'[' => open.push(None),
            b':' => {
                let names = open.last_mut().and_then(Option::as_mut).expect("a colon stands in an object");
                if !names.insert(std::mem::take(&mut last_string)) {
                    return false;
                }
            }
            _ => drop(open.pop()),
        }
        if open.len() > MAX_DEPTH {
            return false;
        }
        rest = after;
    }
    true
}

/// Where the quotation mark is that ends a string.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.expect("a string that ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_json_is_told_from_what_only_looks_like_it() {
        for text in [r#"{"a":{"a":[1,{"a":"\"\\"}]},"b":":{"}"#, "[]", "7", r#"{"":1," ":2}"#] {
            assert!(is_strict_json(text.as_bytes()), "{text}");
        }
        let deep = "[".repeat(33) + &"]".repeat(33);
        for text in
            ["", "{", "{}{}", r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":1}"#, r#"[{"b":{"a":[],"a":0}}]"#, &deep]
        {
            assert!(!is_strict_json(text.as_bytes()), "{text}");
        }
        assert!(is_strict_json((("[".repeat(32)) + &"]".repeat(32)).as_bytes()));
        assert!(!is_strict_json(b"\"\xff\""));
    }
}
