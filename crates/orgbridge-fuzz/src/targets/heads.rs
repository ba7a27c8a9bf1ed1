//! Bytes on a socket of HTTP/1.

use orgbridge_edge::guard::{FIELD_LIMIT, Guard, Refused, Stage};

use crate::Target;
use crate::target::Prepared;

/// What a client sends. In seeds, a line feed stands for a line break of HTTP.
pub(crate) const TARGET: Target = Target { name: "heads", about: "bytes on a socket of HTTP/1", prepare };

fn prepare() -> Prepared {
    Box::new(|bytes| {
        // As it is, and as it would be if every line ended as it should: most seeds are of the second kind.
        check(bytes);
        check(&with_line_breaks(bytes));
    })
}

fn with_line_breaks(bytes: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    parts.join(&b"\r\n"[..])
}

fn check(bytes: &[u8]) {
    let whole = verdict(&[bytes]);
    for at in [bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        let (one, other) = bytes.split_at(at);
        assert_eq!(verdict(&[one, other]), whole, "how the bytes are cut makes a difference, at {at}");
    }
    let bytewise: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(verdict(&bytewise), whole, "how the bytes are cut makes a difference");
    check_first_head(bytes);
}

/// Whether it was refused and why, and how many heads and messages there were.
fn verdict(parts: &[&[u8]]) -> (Option<String>, u64, u64) {
    let mut guard = Guard::new();
    for part in parts {
        if let Err(Refused { reason, .. }) = guard.feed(part) {
            return (Some(format!("{reason:?}")), 0, guard.messages());
        }
    }
    (None, guard.heads(), guard.messages())
}

/// The first head that is let through is one that another parser reads alike: a request of HTTP/1, with one host.
fn check_first_head(bytes: &[u8]) {
    let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { return };
    let head = &bytes[..end + 4];
    let mut guard = Guard::new();
    if guard.feed(head).is_err() || guard.heads() != 1 {
        return;
    }
    assert_ne!(guard.stage(), Stage::Head);
    let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
    let mut request = httparse::Request::new(&mut fields);
    // Empty lines before a request are let through, and belong to none.
    let parsed = request.parse(head).expect("another parser takes what is let through");
    if parsed.is_partial() {
        return;
    }
    let count =
        |name: &str| request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count();
    assert!(count("host") <= 1 && (request.version == Some(0) || count("host") == 1));
    assert!(count("content-length") == 0 || count("transfer-encoding") == 0);
    assert!(request.headers.iter().all(|field| !field.value.contains(&b'\0')));
}
