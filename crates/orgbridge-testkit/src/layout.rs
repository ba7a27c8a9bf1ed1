//! Compact JSON as people can read it.

/// How long JSON may be before it is broken into lines: most refusals are shorter.
const LONG: usize = 300;

/// How wide the lines may be then.
const WIDTH: usize = 110;

/// Breaks compact JSON into lines where it is too long for one. Nothing changes but white space.
pub(crate) fn lines(json: &str) -> String {
    if json.len() <= LONG {
        return json.to_owned();
    }
    let mut text = String::new();
    write(json, 0, &mut text);
    text
}

fn write(json: &str, depth: usize, text: &mut String) {
    let has_members = json.starts_with(['{', '[']) && json.len() > 2;
    if !has_members || json.len() + 2 * depth <= WIDTH {
        text.push_str(json);
        return;
    }
    let (open, inside, close) = (&json[..1], &json[1..json.len() - 1], &json[json.len() - 1..]);
    text.push_str(open);
    for (position, member) in members(inside).into_iter().enumerate() {
        text.push_str(if position == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        let (name, value) = member.split_at(start_of_value(member));
        text.push_str(name);
        write(value, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push_str(close);
}

/// Splits at the commas that stand inside nothing.
fn members(inside: &str) -> Vec<&str> {
    let mut members = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (position, byte) in marks(inside) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                members.push(&inside[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    members.push(&inside[start..]);
    members
}

/// Where the value of a member begins; 0 for an item of an array.
fn start_of_value(member: &str) -> usize {
    match marks(member).next() {
        Some((position, b':')) => position + 1,
        _ => 0,
    }
}

/// The punctuation that stands in no string.
fn marks(json: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    json.bytes().enumerate().filter(move |(_, byte)| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && *byte == b'\\' && !was_escaped;
        if *byte == b'"' && !was_escaped {
            is_quoted = !is_quoted;
        }
        !is_quoted && b"{}[],:".contains(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stays_on_its_line() {
        assert_eq!(lines(r#"{"a":[1,2]}"#), r#"{"a":[1,2]}"#);
        assert_eq!(lines("no JSON at all"), "no JSON at all");
    }

    #[test]
    fn what_is_long_is_broken_at_its_members_alone() {
        let long = "x".repeat(LONG);
        let json = format!(r#"{{"a":"{{,:\"[{long}","b":[{{"c":1,"d":2}},3]}}"#);
        let expected = format!("{{\n  \"a\":\"{{,:\\\"[{long}\",\n  \"b\":[{{\"c\":1,\"d\":2}},3]\n}}");
        assert_eq!(lines(&json), expected);
    }
}
