//! The cases of a test suite for JSON parsers, as bodies. Source: hardening list, 8 to 10; nst/JSONTestSuite, whose names
//! for the cases begin with whether a parser must refuse, must accept or may do either.

use orgbridge_testkit::TestServer;

const NOT_JSON: &str = "Invalid request: Request body contains invalid json";

/// What is said of JSON that is no body of this call.
const ANOTHER_SHAPE: &str = "Validation failed for input.";

/// Sends each, and returns the first line of what it was told.
async fn told(bodies: impl IntoIterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, String)> {
    let server = TestServer::builder().without_rate_limits().start().await;
    let before = server.revision();
    let mut told = Vec::new();
    for body in bodies {
        let reply = server.source_admin().create_from(body.clone()).await;
        assert_eq!(reply.status(), 400, "{}: {reply}", body.escape_ascii());
        told.push((body, reply.at("/errors/0")));
    }
    assert_eq!(server.revision(), before);
    told
}

async fn assert_told(expected: &str, bodies: Vec<Vec<u8>>) {
    assert!(!bodies.is_empty());
    for (body, told) in told(bodies).await {
        assert_eq!(told, expected, "{}", body[..body.len().min(80)].escape_ascii());
    }
}

fn owned(cases: &[&[u8]]) -> Vec<Vec<u8>> {
    cases.iter().map(|case| case.to_vec()).collect()
}

#[tokio::test]
async fn what_a_parser_must_refuse_is_refused_as_no_json() {
    let mut bodies = owned(ARRAYS);
    for cases in [NUMBERS, OBJECTS, STRINGS, STRUCTURES] {
        bodies.extend(owned(cases));
    }
    // As deep as a body can be.
    bodies.extend(["[", "[{\"\":", "{\"\":"].map(|opening| opening.repeat(60_000 / opening.len()).into()));
    assert!(bodies.len() > 180, "{} cases", bodies.len());
    assert_told(NOT_JSON, bodies).await;
}

#[tokio::test]
async fn what_a_parser_must_accept_is_read() {
    let long = format!(r#"{{"x":[{{"id":"{0}"}}],"id":"{0}"}}"#, "x".repeat(40));
    let mut bodies = owned(ACCEPTED);
    bodies.push(long.into());
    assert_told(ANOTHER_SHAPE, bodies).await;
}

/// Where parsers differ, a number that nothing holds and text that is not Unicode are refused.
#[tokio::test]
async fn what_a_parser_may_take_either_way_is_decided() {
    let mut refused = owned(REFUSED_HERE);
    let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect();
    refused.push(utf16(r#"["é"]"#, u16::to_le_bytes));
    refused.push(utf16(r#"["é"]"#, u16::to_be_bytes));
    refused.push(utf16("\u{feff}[\"é\"]", u16::to_le_bytes));
    refused.push([&[b'['; 500][..], &[b']'; 500]].concat());
    assert_told(NOT_JSON, refused).await;
    assert_told(ANOTHER_SHAPE, owned(READ_HERE)).await;
}

/// `n_array_…`
const ARRAYS: &[&[u8]] = &[
    b"[1 true]",
    b"[a\xe5]",
    b"[\"\": 1]",
    b"[\"\"],",
    b"[,1]",
    b"[1,,2]",
    b"[\"x\",,]",
    b"[\"x\"]]",
    b"[\"\",]",
    b"[\"x\"",
    b"[x",
    b"[3[4]]",
    b"[\xff]",
    b"[1:2]",
    b"[,]",
    b"[-]",
    b"[   , \"\"]",
    b"[\"a\",\n4\n,1,",
    b"[1,]",
    b"[1,,]",
    b"[\"\x0ba\"\\f]",
    b"[*]",
    b"[\"\"",
    b"[1,",
    b"[1,\n1\n,1",
    b"[{}",
    b"[fals]",
    b"[nul]",
    b"[tru]",
];

/// `n_number_…`
const NUMBERS: &[&[u8]] = &[
    b"123\0",
    b"[++1234]",
    b"[+1]",
    b"[+Inf]",
    b"[-01]",
    b"[-1.0.]",
    b"[-2.]",
    b"[-NaN]",
    b"[.-1]",
    b"[.2e-3]",
    b"[0.1.2]",
    b"[0.3e+]",
    b"[0.3e]",
    b"[0.e1]",
    b"[0E+]",
    b"[0E]",
    b"[0e+]",
    b"[0e]",
    b"[1.0e+]",
    b"[1.0e-]",
    b"[1.0e]",
    b"[1 000.0]",
    b"[1eE2]",
    b"[2.e+3]",
    b"[2.e-3]",
    b"[2.e3]",
    b"[9.e+]",
    b"[Inf]",
    b"[NaN]",
    b"[\xef\xbc\x91]",
    b"[1+2]",
    b"[0x1]",
    b"[0x42]",
    b"[Infinity]",
    b"[0e+-1]",
    b"[-123.123foo]",
    b"[123\xe5]",
    b"[1e1\xe5]",
    b"[0\xe5]\n",
    b"[-Infinity]",
    b"[-foo]",
    b"[- 1]",
    b"[-012]",
    b"[-.123]",
    b"[-1x]",
    b"[1ea]",
    b"[1e\xe5]",
    b"[1.]",
    b"[.123]",
    b"[1.2a-3]",
    b"[1.8011670033376514H-308]",
    b"[012]",
];

/// `n_object_…`
const OBJECTS: &[&[u8]] = &[
    b"[\"x\", truth]",
    b"{[: \"x\"}\n",
    b"{\"x\", null}",
    b"{\"x\"::\"b\"}",
    b"{\xf0\x9f\x87\xa8\xf0\x9f\x87\xad}",
    b"{\"a\":\"a\" 123}",
    b"{key: 'value'}",
    b"{\"\xb9\":\"0\",}",
    b"{\"a\" b}",
    b"{:\"b\"}",
    b"{\"a\" \"b\"}",
    b"{\"a\":",
    b"{\"a\"",
    b"{1:1}",
    b"{9999E9999:1}",
    b"{null:null,null:null}",
    b"{\"id\":0,,,,,}",
    b"{'a':0}",
    b"{\"id\":0,}",
    b"{\"a\":\"b\"}/**/",
    b"{\"a\":\"b\"}/**//",
    b"{\"a\":\"b\"}//",
    b"{\"a\":\"b\"}/",
    b"{\"a\":\"b\",,\"c\":\"d\"}",
    b"{a: \"b\"}",
    b"{\"a\":\"a",
    b"{ \"foo\" : \"bar\", \"a\" }",
    b"{\"a\":\"b\"}#",
    // A parser may take these two; here nothing is given twice.
    b"{\"a\":\"b\",\"a\":\"c\"}",
    b"{\"a\":\"b\",\"a\":\"b\"}",
];

/// `n_string_…` and `n_single_space`
const STRINGS: &[&[u8]] = &[
    b" ",
    br#"["\uD800\"]"#,
    br#"["\uD800\u"]"#,
    br#"["\uD800\u1"]"#,
    br#"["\uD800\u1x"]"#,
    b"[\xc3\xa9]",
    b"[\"\\\0\"]",
    br#"["\x00"]"#,
    br#"["\\\"]"#,
    b"[\"\\\t\"]",
    b"[\"\\\xf0\x9f\x8c\x80\"]",
    br#"["\"]"#,
    br#"["\u00A"]"#,
    br#"["\uD834\uDd"]"#,
    br#"["\uD800\uD800\x"]"#,
    b"[\"\\u\xe5\"]",
    br#"["\a"]"#,
    br#"["\uqqqq"]"#,
    b"[\"\\\xe5\"]",
    br#"[\u0020"asd"]"#,
    br"[\n]",
    b"\"",
    b"['single quote']",
    b"abc",
    br#"["\"#,
    b"[\"a\0a\"]",
    b"[\"new\nline\"]",
    b"[\"\t\"]",
    br#""\UA66D""#,
    b"\"\"x",
];

/// `n_structure_…`
const STRUCTURES: &[&[u8]] = &[
    b"[\xe2\x81\xa0]",
    b"\xef\xbb\xbf",
    b"<.>",
    b"[<null>]",
    b"[1]x",
    b"[1]]",
    b"[\"asd]",
    b"a\xc3\xa5",
    b"[True]",
    b"1]",
    b"{\"x\": true,",
    b"[][]",
    b"]",
    b"\xef\xbb{}",
    b"\xe5",
    b"[",
    b"",
    b"[\0]",
    b"2@",
    b"{}}",
    b"{\"\":",
    b"{\"a\":/*comment*/\"b\"}",
    b"{\"a\": true} \"x\"",
    b"['",
    b"[,",
    b"[{",
    b"[\"a",
    b"[\"a\"",
    b"{",
    b"{]",
    b"{,",
    b"{[",
    b"{\"a",
    b"{'a'",
    br#"["\{["\{["\{["\{"#,
    b"\xe9",
    b"*",
    b"{\"a\":\"b\"}#{}",
    br#"[\u000A""]"#,
    b"[1",
    b"[ false, nul",
    b"[ true, fals",
    b"[ false, tru",
    b"{\"asd\":\"asd\"",
    b"\xc3\xa5",
    b"\xe2\x81\xa0",
    b"[\x0c]",
];

/// `y_…`, but for the members that are given twice.
const ACCEPTED: &[&[u8]] = &[
    b"[[]   ]",
    b"[\"\"]",
    b"[]",
    b"[\"a\"]\n",
    b"[false]",
    b"[null, 1, \"1\", {}]",
    b"[null]",
    b"[1\n]",
    b" [1]",
    b"[1,null,null,null,2]",
    b"[2] ",
    b"[123e65]",
    b"[0e+1]",
    b"[0e1]",
    b"[ 4]",
    b"[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n",
    b"[20e1]",
    b"[-0]",
    b"[-123]",
    b"[-1]",
    b"[1E22]",
    b"[1E-2]",
    b"[1E+2]",
    b"[123e45]",
    b"[123.456e78]",
    b"[1e-2]",
    b"[1e+2]",
    b"[123]",
    b"[123.456789]",
    b"{\"asd\":\"sdf\", \"dfg\":\"fgh\"}",
    b"{\"asd\":\"sdf\"}",
    b"{}",
    b"{\"\":0}",
    br#"{"foo\u0000bar": 42}"#,
    b"{ \"min\": -1.0e+28, \"max\": 1.0e+28 }",
    b"{\"a\":[]}",
    br#"{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430" }"#,
    b"{\n\"a\": \"b\"\n}",
    br#"["\u0060\u012a\u12AB"]"#,
    br#"["\uD801\udc37"]"#,
    br#"["\ud83d\ude39\ud83d\udc8d"]"#,
    br#"["\"\\\/\b\f\n\r\t"]"#,
    br#"["\\u0000"]"#,
    br#"["\""]"#,
    b"[\"a/*b*/c/*d//e\"]",
    br#"["\\a"]"#,
    br#"["\\n"]"#,
    br#"["\u0012"]"#,
    br#"["\uFFFF"]"#,
    b"[\"asd\"]",
    b"[ \"asd\"]",
    br#"["\uDBFF\uDFFF"]"#,
    br#"["new\u00A0line"]"#,
    b"[\"\xf4\x8f\xbf\xbf\"]",
    b"[\"\xef\xbf\xbf\"]",
    br#"["\u0000"]"#,
    br#"["\u002c"]"#,
    b"[\"\xcf\x80\"]",
    b"[\"\xf0\x9b\xbf\xbf\"]",
    b"[\"asd \"]",
    b"\" \"",
    br#"["\uD834\uDd1e"]"#,
    br#"["\u0821"]"#,
    br#"["\u0123"]"#,
    b"[\"\xe2\x80\xa8\"]",
    b"[\"\xe2\x80\xa9\"]",
    br#"["\u0061\u30af\u30EA\u30b9"]"#,
    br#"["new\u000Aline"]"#,
    b"[\"\x7f\"]",
    br#"["\uA66D"]"#,
    br#"["\u005C"]"#,
    b"[\"\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x82\"]",
    br#"["\uDBFF\uDFFE"]"#,
    br#"["\uD83F\uDFFE"]"#,
    br#"["\u200B"]"#,
    br#"["\u2064"]"#,
    br#"["\uFDD0"]"#,
    br#"["\uFFFE"]"#,
    br#"["\u0022"]"#,
    b"[\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]",
    b"[\"a\x7fa\"]",
    b"false",
    b"42",
    b"-0.1",
    b"null",
    b"\"asd\"",
    b"true",
    b"\"\"",
    b"[\"a\"]\r\n",
    b"[true]",
    b" [] ",
];

/// `i_…` that are refused.
const REFUSED_HERE: &[&[u8]] = &[
    b"[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]",
    b"[-1e+9999]",
    b"[1.5e+9999]",
    b"[-123123e100000]",
    b"[123123e100000]",
    br#"{"\uDFAA":0}"#,
    br#"["\uDADA"]"#,
    br#"["\uD888\u1234"]"#,
    b"[\"\xe6\x97\xa5\xd1\x88\xfa\"]",
    b"[\"\xed\xa0\x80\"]",
    br#"["\uD800\n"]"#,
    br#"["\uDd1ea"]"#,
    br#"["\uD800\uD800\n"]"#,
    br#"["\ud800"]"#,
    br#"["\ud800abc"]"#,
    b"[\"\xff\"]",
    br#"["\uDd1e\uD834"]"#,
    b"[\"\xe9\"]",
    br#"["\uDFAA"]"#,
    b"[\"\x81\"]",
    b"[\"\xf4\xbf\xbf\xbf\"]",
    b"[\"\xc0\xaf\"]",
    b"[\"\xfc\x83\xbf\xbf\xbf\xbf\"]",
    b"[\"\xfc\x80\x80\x80\x80\x80\"]",
    b"[\"\xe0\xff\"]",
    b"\xef\xbb\xbf{}",
];

/// `i_…` that are read: numbers near to nothing, and whole ones that are long.
const READ_HERE: &[&[u8]] = &[
    b"[123.456e-789]",
    b"[123e-10000000]",
    b"[-123123123123123123123123123123]",
    b"[100000000000000000000]",
    b"[-237462374673276894279832749832423479823246327846]",
];
