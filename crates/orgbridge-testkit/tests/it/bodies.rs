//! What a body may be. Source: contract, section 1; hardening list, 8 to 10.

use insta::assert_snapshot;
use orgbridge_testkit::{Persona, TestOrg, TestServer, create_body};

/// The most bytes that a body may have.
const LIMIT: usize = 64 * 1024;

/// A good body with one more member, written as it is.
fn with_member(member: &str) -> String {
    let body = create_body(TestOrg::Sink.id(), ["logs"]).to_string();
    format!("{},{member}}}", body.strip_suffix('}').unwrap())
}

/// Expects each body to be refused as no JSON, by both calls that take one, and nothing to be written.
async fn assert_no_json(bodies: impl IntoIterator<Item = impl Into<Vec<u8>>>) {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let before = server.revision();
    for body in bodies {
        let body = body.into();
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        for call in [
            server.source_admin().create_from(body.clone()),
            server.source_admin().update_from(shared, body.clone()),
        ] {
            let reply = call.await;
            assert_eq!(reply.status(), 400, "{shown}: {reply}");
            assert_eq!(
                reply.at("/errors/0"),
                "Invalid request: Request body contains invalid json",
                "{shown}"
            );
            assert!(reply.json()["errors"].as_array().unwrap().len() == 2, "{shown}: {reply}");
        }
    }
    assert_eq!(server.revision(), before);
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().create_from("{\"data\":\n {]").await, @r#"400 {"errors":["Invalid request: Request body contains invalid json","key must be a string at line 2 column 3"]}"#);
    assert_no_json([
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{'data':1}",
        "{\"data\":1,}",
        "{data:1}",
        "nul",
        "NaN",
        "-",
        "01",
        "1.",
        "+1",
        "{\"data\":NaN}",
        "{\"data\":Infinity}",
        "// nothing\n{}",
        "/* nothing */{}",
        "\"",
        "{\"data\" 1}",
    ])
    .await;
}

#[tokio::test]
async fn more_than_one_document_is_refused() {
    let good = create_body(TestOrg::Sink.id(), ["logs"]);
    assert_no_json([
        format!("{good}{good}"),
        format!("{good}\n{good}"),
        format!("{good}x"),
        format!("{good}\0"),
        format!("{good},"),
        format!("{good}]"),
    ])
    .await;
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_refused_wherever_it_stands() {
    assert_no_json([
        with_member(r#""data":{}"#),
        with_member(r#""d\u0061ta":{}"#),
        with_member(r#""unknown":1,"unknown":1"#),
        with_member(r#""unknown":[{"deep":{"a":1,"b":2,"\u0061":3}}]"#),
        create_body(TestOrg::Sink.id(), ["logs"])
            .to_string()
            .replace(r#""connection_types":"#, r#""connection_types":["audit"],"connection_types":"#),
    ])
    .await;
}

#[tokio::test]
async fn depth_has_an_end_and_takes_nothing_down() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let within = with_member(&format!(r#""unknown":{}"#, nested(31)));
    let server = TestServer::start().await;
    assert_eq!(server.source_admin().create_from(within).await.status(), 200);
    assert_no_json([
        with_member(&format!(r#""unknown":{}"#, nested(32))),
        nested(33),
        nested(LIMIT / 2),
        "[".repeat(LIMIT),
        r#"{"a":"#.repeat(LIMIT / 5),
    ])
    .await;
}

#[tokio::test]
async fn numbers_that_nothing_holds_are_refused_and_others_are_no_types() {
    assert_no_json([
        with_member(r#""unknown":1e400"#),
        with_member(r#""unknown":-1e400"#),
        with_member(r#""unknown":0x10"#),
        with_member(r#""unknown":.5"#),
        with_member(r#""unknown":-"#),
    ])
    .await;
    let server = TestServer::start().await;
    let good = create_body(TestOrg::Sink.id(), ["logs"]).to_string();
    for number in ["-0", "1.5", "18446744073709551616", "1e2"] {
        let reply = server.source_admin().create_from(good.replace(r#""logs""#, number)).await;
        assert_eq!(
            (reply.status(), reply.at("/errors/0").as_str()),
            (400, "Validation failed for input."),
            "{number}"
        );
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let with_text = |text: &[u8]| {
        let good = with_member(r#""unknown":"?""#);
        let (before, after) = good.split_once('?').unwrap();
        [before.as_bytes(), text, after.as_bytes()].concat()
    };
    let good = create_body(TestOrg::Sink.id(), ["logs"]).to_string();
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>();
    assert_no_json([
        with_text(b"\xff"),
        with_text(b"\xc0\xaf"),
        with_text(b"\xe0\x80\xaf"),
        with_text(b"\xed\xa0\x80"),
        with_text(b"\xf4\x90\x80\x80"),
        with_text(br"\ud800"),
        with_text(br"\udc00\ud800"),
        with_text(br"\u00g0"),
        with_text(b"\n"),
        with_text(b"\x00"),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ])
    .await;
}

#[tokio::test]
async fn a_nul_in_a_type_is_no_type_and_never_shown_raw() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(TestOrg::Sink.id(), ["logs\0\n\u{1b}[31m"]).await;
    assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","data.attributes.connection_types[0]: \"logs\\0\\n\\u{1b}[31m\" is no connection type; expected \"logs\", \"metrics\" or \"audit\""]}"#);
}

#[tokio::test]
async fn json_of_another_shape_is_refused() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for body in ["null", "[]", "\"data\"", "7", "{}", r#"{"data":[]}"#, r#"{"data":"org_connection"}"#] {
        replies.push(format!("{body}: {}", server.source_admin().create_from(body).await));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    null: 400 {"errors":["Validation failed for input.","the body: must be an object, and not null"]}
    []: 400 {"errors":["Validation failed for input.","the body: must be an object, and not an array"]}
    "data": 400 {"errors":["Validation failed for input.","the body: must be an object, and not a string"]}
    7: 400 {"errors":["Validation failed for input.","the body: must be an object, and not the number 7"]}
    {}: 400 {"errors":["Validation failed for input.","data: is missing"]}
    {"data":[]}: 400 {"errors":["Validation failed for input.","data: must be an object, and not an array"]}
    {"data":"org_connection"}: 400 {"errors":["Validation failed for input.","data: must be an object, and not a string"]}
    "#);
}

#[tokio::test]
async fn a_body_may_fill_its_limit_and_no_more() {
    let server = TestServer::start().await;
    let mut body = create_body(TestOrg::Sink.id(), ["logs"]).to_string().into_bytes();
    body.resize(LIMIT, b' ');
    assert_eq!(server.source_admin().create_from(body.clone()).await.status(), 200);
    body.push(b' ');
    assert_snapshot!(server.source_admin().create_from(body).await, @r#"413 {"errors":["Payload too big","a body may have at most 65536 bytes"]}"#);
}

#[tokio::test]
async fn many_types_are_too_many_long_before_they_are_too_big() {
    let server = TestServer::start().await;
    let thousands = std::iter::repeat_n("logs", 8_000);
    let reply = server.source_admin().create(TestOrg::Sink.id(), thousands).await;
    assert_eq!(reply.status(), 400, "{reply}");
    let million = std::iter::repeat_n("logs", 1_000_000);
    let reply = server.source_admin().create(TestOrg::Sink.id(), million).await;
    assert_eq!(reply.status(), 413, "{reply}");
}

#[tokio::test]
async fn a_body_is_json_in_utf8_and_not_compressed() {
    let server = TestServer::start().await;
    let body = create_body(TestOrg::Sink.id(), ["logs"]).to_string();
    let call = || server.source_admin().create_from(body.clone());
    let mut replies = Vec::new();
    for (name, value) in [
        ("content-type", ""),
        ("content-type", "text/plain"),
        ("content-type", "application/vnd.api+json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", "application/json; charset=utf-16"),
        ("content-encoding", "gzip"),
        ("content-encoding", "zstd1"),
    ] {
        replies.push(format!("{name}: {value}: {}", call().header(name, value).await));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    content-type: : 415 {"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}
    content-type: text/plain: 415 {"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}
    content-type: application/vnd.api+json: 415 {"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}
    content-type: application/x-www-form-urlencoded: 415 {"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}
    content-type: application/json; charset=utf-16: 415 {"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}
    content-encoding: gzip: 415 {"errors":["Unsupported media type","send the body as it is, without Content-Encoding"]}
    content-encoding: zstd1: 415 {"errors":["Unsupported media type","send the body as it is, without Content-Encoding"]}
    "#);
    let utf8 = call()
        .header("content-type", "Application/JSON;charset=UTF-8")
        .header("content-encoding", "identity");
    assert_eq!(utf8.await.status(), 200);
}

#[tokio::test]
async fn who_may_not_call_learns_nothing_of_what_a_body_should_be() {
    let server = TestServer::start().await;
    for (persona, status) in [(Persona::Anonymous, 401), (Persona::ReadOnly, 403)] {
        for body in [b"{".to_vec(), vec![b' '; LIMIT + 1]] {
            assert_eq!(server.caller(persona).create_from(body).await.status(), status, "{persona}");
        }
        let reply =
            server.caller(persona).update_from("example", "{").header("content-type", "text/plain").await;
        assert_eq!(reply.status(), status, "{persona}");
    }
}
