//! The guard alone, byte by byte.

use Stage::{Between, Content, Head};
use orgbridge_edge::guard::{FIELD_LIMIT, Guard, HEAD_LIMIT, Malformed, Refused, Stage};
use proptest::prelude::*;

fn verdict(stream: &[u8]) -> Result<(), Malformed> {
    Guard::new().feed(stream).map_err(|refused| refused.reason)
}

/// The verdict on a GET with `lines` after its request line and a `Host`.
fn verdict_on_lines(lines: &str) -> Result<(), Malformed> {
    verdict(format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n").as_bytes())
}

fn verdict_on_host(host: &str) -> Result<(), Malformed> {
    verdict(format!("GET / HTTP/1.1\r\nHost:{host}\r\n\r\n").as_bytes())
}

fn verdict_on_request_line(line: &str) -> Result<(), Malformed> {
    verdict(format!("{line}\r\nHost: a\r\n\r\n").as_bytes())
}

fn verdict_on_chunks(chunks: &str) -> Result<(), Malformed> {
    verdict(format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes())
}

#[test]
fn request_lines() {
    for line in [
        "GET / HTTP/1.1",
        "GET /a/b?c=d&e[f]=%20 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET http://a/ HTTP/1.1",
        "GET HTTPS://A?x HTTP/1.1",
        "M-SEARCH / HTTP/1.1",
        "GET / HTTP/1.0",
    ] {
        assert_eq!(verdict_on_request_line(line), Ok(()), "{line}");
    }
    for (line, reason) in [
        ("GET /", Malformed::RequestLine),
        ("GET  / HTTP/1.1", Malformed::RequestLine),
        ("GET /  HTTP/1.1", Malformed::RequestLine),
        ("GET / HTTP/1.1 ", Malformed::RequestLine),
        ("GET / a HTTP/1.1", Malformed::RequestLine),
        (" GET / HTTP/1.1", Malformed::RequestLine),
        ("G\"T / HTTP/1.1", Malformed::RequestLine),
        ("GET\t/ HTTP/1.1", Malformed::RequestLine),
        ("GET / http/1.1", Malformed::RequestLine),
        ("GET / HTTP/1.2", Malformed::Version),
        ("GET / HTTP/0.9", Malformed::Version),
        ("GET / HTTP/2.0", Malformed::Version),
        ("GET / HTTP/11", Malformed::Version),
        ("PRI * HTTP/2.0", Malformed::Version),
        ("CONNECT a:443 HTTP/1.1", Malformed::Connect),
        ("GET * HTTP/1.1", Malformed::Target),
        ("GET a:443 HTTP/1.1", Malformed::Target),
        ("GET ftp://a/ HTTP/1.1", Malformed::Target),
        ("GET http:/// HTTP/1.1", Malformed::Target),
        ("GET http://user@a/ HTTP/1.1", Malformed::Target),
        ("GET http://b/ HTTP/1.1", Malformed::HostDiffers),
        ("GET /#fragment HTTP/1.1", Malformed::Target),
        ("GET /a\\b HTTP/1.1", Malformed::Target),
        ("GET /\u{e9} HTTP/1.1", Malformed::Target),
        ("GET /\"<> HTTP/1.1", Malformed::Target),
        ("GET /\0 HTTP/1.1", Malformed::ControlCharacter),
        ("GET /\r HTTP/1.1", Malformed::BareCarriageReturn),
    ] {
        assert_eq!(verdict_on_request_line(line), Err(reason), "{line:?}");
    }
}

#[test]
fn header_lines() {
    for lines in [
        "A: b\r\n",
        "A:b\r\n",
        "A:\r\n",
        "A: \t b \t\r\n",
        "A: b\tc\r\n",
        "A: \u{e9}\r\n",
        "A: b:c\r\nA: d\r\n",
    ] {
        assert_eq!(verdict_on_lines(lines), Ok(()), "{lines:?}");
    }
    for (lines, reason) in [
        ("A: b\n", Malformed::BareLineFeed),
        ("A: b\n\r\n", Malformed::BareLineFeed),
        ("A: b\rC: d\r\n", Malformed::BareCarriageReturn),
        ("A: b\r\r\n", Malformed::BareCarriageReturn),
        ("A: \0\r\n", Malformed::ControlCharacter),
        ("A: \x7f\r\n", Malformed::ControlCharacter),
        ("A: \x0b\r\n", Malformed::ControlCharacter),
        ("A: b\r\n c\r\n", Malformed::FoldedLine),
        ("A: b\r\n\tc: d\r\n", Malformed::FoldedLine),
        (" A: b\r\n", Malformed::FoldedLine),
        ("A : b\r\n", Malformed::SpaceBeforeColon),
        ("A\t: b\r\n", Malformed::SpaceBeforeColon),
        ("A\r\n", Malformed::FieldLine),
        (": b\r\n", Malformed::FieldLine),
        ("A(: b\r\n", Malformed::FieldLine),
        ("\u{c4}: b\r\n", Malformed::FieldLine),
    ] {
        assert_eq!(verdict_on_lines(lines), Err(reason), "{lines:?}");
    }
}

#[test]
fn hosts() {
    for host in
        ["a", " a ", "\ta", "A.example-1.com.", "a_b", "127.0.0.1:8080", "[::1]", "[::1]:443", "a:65535", "1"]
    {
        assert_eq!(verdict_on_host(host), Ok(()), "{host}");
    }
    for host in [
        "",
        " ",
        "a b",
        "a,b",
        "a/b",
        "a@b",
        "user:pass@b",
        "a:",
        ":80",
        "a:65536",
        "a:+1",
        "a:1:2",
        "a:b",
        "[::1",
        "[]",
        "[::g]",
        "[::1]x",
        "[::1]:",
        "::1",
        "a?b",
        "a#b",
        "a%41",
        "\u{e9}",
    ] {
        assert_eq!(verdict_on_host(host), Err(Malformed::HostInvalid), "{host}");
    }
    assert_eq!(verdict(b"GET / HTTP/1.1\r\n\r\n"), Err(Malformed::HostMissing));
    assert_eq!(verdict(b"GET / HTTP/1.0\r\n\r\n"), Ok(()));
    assert_eq!(verdict_on_lines("HOST: a\r\n"), Err(Malformed::HostRepeated));
    assert_eq!(verdict(b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), Err(Malformed::HostRepeated));
}

#[test]
fn lengths_and_encodings() {
    for lines in ["Content-Length: 0\r\n", "content-length:007\r\n", "Transfer-Encoding: Chunked\r\n"] {
        assert_eq!(verdict_on_lines(lines), Ok(()), "{lines}");
    }
    for (lines, reason) in [
        ("Content-Length: 1\r\nContent-Length: 1\r\n", Malformed::LengthRepeated),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", Malformed::LengthRepeated),
        ("Content-Length: 1, 1\r\n", Malformed::LengthInvalid),
        ("Content-Length:\r\n", Malformed::LengthInvalid),
        ("Content-Length: +1\r\n", Malformed::LengthInvalid),
        ("Content-Length: -1\r\n", Malformed::LengthInvalid),
        ("Content-Length: 0x1\r\n", Malformed::LengthInvalid),
        ("Content-Length: 1 2\r\n", Malformed::LengthInvalid),
        ("Content-Length: 9223372036854775808\r\n", Malformed::LengthInvalid),
        ("Content-Length: 18446744073709551617\r\n", Malformed::LengthInvalid),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Malformed::LengthAndEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Malformed::LengthAndEncoding),
        ("Transfer-Encoding:\r\n", Malformed::TransferEncoding),
        ("Transfer-Encoding: gzip, chunked\r\n", Malformed::TransferEncoding),
        ("Transfer-Encoding: chunked, chunked\r\n", Malformed::TransferEncoding),
        ("Transfer-Encoding: chunked;q=1\r\n", Malformed::TransferEncoding),
        ("Transfer-Encoding: identity\r\n", Malformed::TransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Malformed::TransferEncoding),
    ] {
        assert_eq!(verdict_on_lines(lines), Err(reason), "{lines}");
    }
    let old = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(verdict(old), Err(Malformed::TransferEncoding));
}

#[test]
fn chunks() {
    for chunks in [
        "0\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\n",
        "0000000A;name=\"value\"\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n",
        "ffffffff\r\n",
    ] {
        assert_eq!(verdict_on_chunks(chunks), Ok(()), "{chunks:?}");
    }
    let endless = format!("1;{}", "x".repeat(200));
    let dripping = format!("1;{}\r\na\r\n", "x".repeat(100)).repeat(200);
    for (chunks, reason) in [
        ("\r\n", Malformed::ChunkSize),
        ("g\r\n", Malformed::ChunkSize),
        ("0x3\r\nabc\r\n", Malformed::ChunkSize),
        ("-1\r\n", Malformed::ChunkSize),
        (" 3\r\nabc\r\n", Malformed::ChunkSize),
        ("3 \r\nabc\r\n", Malformed::ChunkSize),
        ("100000000\r\n", Malformed::ChunkSize),
        ("ffffffffffffffff1\r\n", Malformed::ChunkSize),
        (endless.as_str(), Malformed::ChunkSize),
        (dripping.as_str(), Malformed::HeadTooLarge),
        ("3\nabc\r\n", Malformed::BareLineFeed),
        ("3;\n\r\nabc\r\n", Malformed::BareLineFeed),
        ("3;\x01\r\nabc\r\n", Malformed::ControlCharacter),
        ("3\r\nabcd\r\n", Malformed::ChunkEnd),
        ("3\r\nabc\n", Malformed::BareLineFeed),
        ("3\r\nabc0\r\n\r\n", Malformed::ChunkEnd),
        ("0\r\nHost: a\r\n\r\n", Malformed::TrailerField),
        ("0\r\nContent-Length: 5\r\n\r\n", Malformed::TrailerField),
        ("0\r\ntransfer-encoding: chunked\r\n\r\n", Malformed::TrailerField),
        ("0\r\n folded\r\n\r\n", Malformed::FoldedLine),
        ("0\r\nGET / HTTP/1.1\r\n\r\n", Malformed::SpaceBeforeColon),
    ] {
        assert_eq!(verdict_on_chunks(chunks), Err(reason), "{chunks:?}");
    }
}

#[test]
fn a_head_has_a_limit() {
    let around = "GET / HTTP/1.1\r\nHost: a\r\nA: \r\n\r\n".len();
    let filled = |length| verdict_on_lines(&format!("A: {}\r\n", "x".repeat(length)));
    assert_eq!(filled(HEAD_LIMIT - around), Ok(()));
    assert_eq!(filled(HEAD_LIMIT - around + 1), Err(Malformed::HeadTooLarge));
    assert_eq!(verdict(&vec![b'x'; HEAD_LIMIT + 1]), Err(Malformed::HeadTooLarge));
    assert_eq!(verdict_on_lines(&"A: b\r\n".repeat(FIELD_LIMIT - 1)), Ok(()));
    assert_eq!(verdict_on_lines(&"A: b\r\n".repeat(FIELD_LIMIT)), Err(Malformed::TooManyFields));
}

#[test]
fn one_empty_line_before_a_request_is_tolerated() {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(verdict(format!("\r\n{request}\r\n{request}").as_bytes()), Ok(()));
    assert_eq!(verdict(format!("\r\n\r\n{request}").as_bytes()), Err(Malformed::RequestLine));
    assert_eq!(verdict(format!("\n{request}").as_bytes()), Err(Malformed::BareLineFeed));
}

#[test]
fn the_stage_is_known_at_every_byte() {
    let mut guard = Guard::new();
    let mut seen = vec![(guard.stage(), guard.heads(), guard.messages())];
    for byte in b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET" {
        guard.feed(&[*byte]).unwrap();
        let now = (guard.stage(), guard.heads(), guard.messages());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, [(Between, 0, 0), (Head, 0, 0), (Content, 1, 0), (Between, 1, 1), (Head, 1, 1)]);
}

#[test]
fn what_comes_before_the_malformed_message_is_intact() {
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let stream = [&good[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
    let refused = Refused { reason: Malformed::HostMissing, intact: good.len() };
    assert_eq!(Guard::new().feed(&stream), Err(refused));

    let mut guard = Guard::new();
    guard.feed(&stream[..good.len() + 3]).unwrap();
    let refused = Refused { reason: Malformed::HostMissing, intact: 0 };
    assert_eq!(guard.feed(&stream[good.len() + 3..]), Err(refused));
}

/// Streams close to good ones: a few requests with a few bytes changed.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    const REQUESTS: [&[u8]; 5] = [
        b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost:a:80\r\nContent-Length: 5\r\n\r\n\r\n\r\n0",
        b"PATCH http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          5;x=y\r\nab\r\nc\r\n0\r\nT: u\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\r\nDELETE / HTTP/1.1\r\nX:\tY\r\nHost: [::1]\r\n\r\n",
    ];
    let request = prop::sample::select(&REQUESTS[..]);
    let byte = prop_oneof![prop::sample::select(&b"\r\n\t :;,0123456789abH/\0\x7f\xff"[..]), any::<u8>()];
    let change = (any::<prop::sample::Index>(), prop::option::of(byte), any::<bool>());
    (prop::collection::vec(request, 1..4), prop::collection::vec(change, 0..3)).prop_map(
        |(requests, changes)| {
            let mut stream = requests.concat();
            for (index, byte, replaces) in changes {
                let at = index.index(stream.len());
                stream.splice(at..at + usize::from(replaces), byte);
            }
            stream
        },
    )
}

/// The verdict on `stream` cut at `cuts`, and how many messages came before it.
fn verdict_in_pieces(stream: &[u8], cuts: &[usize]) -> (Result<(), Malformed>, u64) {
    let mut guard = Guard::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&stream.len()]) {
        if let Err(refused) = guard.feed(&stream[start..end]) {
            return (Err(refused.reason), guard.messages());
        }
        start = end;
    }
    (Ok(()), guard.messages())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_the_stream_changes_nothing(stream in streams()) {
        let whole = verdict_in_pieces(&stream, &[]);
        for cut in 0..=stream.len() {
            prop_assert_eq!(&verdict_in_pieces(&stream, &[cut]), &whole, "cut at {}", cut);
        }
        let every: Vec<_> = (0..stream.len()).collect();
        prop_assert_eq!(&verdict_in_pieces(&stream, &every), &whole);
    }

    #[test]
    fn any_bytes_get_a_verdict(stream in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = verdict(&stream);
    }

    /// hyper parses heads with httparse and targets with `http`: what passes, they read alike.
    #[test]
    fn what_passes_is_read_alike_by_hyper(stream in streams()) {
        let head_end = (1..=stream.len()).find(|&end| {
            let mut guard = Guard::new();
            guard.feed(&stream[..end]).is_ok() && guard.heads() == 1
        });
        let mut headers = [httparse::EMPTY_HEADER; FIELD_LIMIT];
        let mut request = httparse::Request::new(&mut headers);
        if let Some(end) = head_end {
            prop_assert_eq!(request.parse(&stream), Ok(httparse::Status::Complete(end)));
            prop_assert!(request.path.unwrap().parse::<http::Uri>().is_ok(), "{:?}", request.path);
        }
    }

    #[test]
    fn every_character_of_a_target_that_passes_is_known_to_http(byte in any::<u8>()) {
        for target in [[b'/', byte, b'a'].as_slice(), &[b'/', b'?', byte, b'a']] {
            let request = [b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
            if verdict(&request).is_ok() {
                prop_assert!(http::Uri::try_from(target).is_ok(), "{}", target.escape_ascii());
            }
        }
    }
}
