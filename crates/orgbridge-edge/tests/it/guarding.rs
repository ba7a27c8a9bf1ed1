//! What is refused before hyper sees it. Source: hardening list, 13 and 15.

use crate::support::{Served, patient, status_and_content};

/// Sends what is malformed and expects the reason.
async fn assert_refused(request: &[u8], reason: &str) {
    let served = Served::with(patient()).await;
    let answer = served.exchange(request).await;
    let expected = format!(r#"{{"errors":["Bad Request","{reason}"]}}"#);
    assert_eq!(status_and_content(&answer), (400, expected.as_str()), "{}", request.escape_ascii());
    assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(served.stats.malformed_requests(), 1);
}

#[tokio::test]
async fn a_plain_request_is_answered() {
    let served = Served::with(patient()).await;
    let answer = served.exchange(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status_and_content(&answer), (200, "hello"));
}

#[tokio::test]
async fn the_service_learns_who_asks() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    client.send(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = client.read_response().await;
    assert_eq!(status_and_content(&answer), (200, client.0.local_addr().unwrap().to_string().as_str()));
}

#[tokio::test]
async fn a_bare_line_feed_is_refused() {
    assert_refused(b"GET / HTTP/1.1\nHost: a\n\n", "a line ends without a carriage return").await;
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\n\r\n", "a line ends without a carriage return").await;
}

#[tokio::test]
async fn a_request_without_host_is_refused() {
    assert_refused(b"GET / HTTP/1.1\r\n\r\n", "the Host header is missing").await;
}

#[tokio::test]
async fn a_request_with_two_hosts_is_refused() {
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "the Host header is repeated").await;
}

#[tokio::test]
async fn a_length_beside_an_encoding_is_refused_in_either_order() {
    let reason = "Content-Length and Transfer-Encoding exclude each other";
    let one =
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_refused(one, reason).await;
    let other =
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
    assert_refused(other, reason).await;
}

#[tokio::test]
async fn connect_is_refused() {
    assert_refused(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "CONNECT is not supported").await;
}

#[tokio::test]
async fn an_upgrade_is_ignored() {
    let served = Served::with(patient()).await;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
          Upgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n";
    assert_eq!(status_and_content(&served.exchange(request).await), (200, "hello"));
}

#[tokio::test]
async fn a_method_outside_of_any_route_reaches_the_service() {
    let served = Served::with(patient()).await;
    let answer = served.exchange(b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status_and_content(&answer).0, 405);
}

#[tokio::test]
async fn another_authority_in_the_target_than_in_host_is_refused() {
    let reason = "the Host header differs from the host of the request target";
    assert_refused(b"GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n", reason).await;
}

#[tokio::test]
async fn the_same_authority_in_the_target_as_in_host_is_fine() {
    let served = Served::with(patient()).await;
    let answer =
        served.exchange(b"GET http://A:80/ HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status_and_content(&answer), (200, "hello"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let served = Served::with(patient()).await;
    let answers = served
        .exchange(
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
              POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none\
              POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
              GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    let contents: Vec<_> =
        answers.split("HTTP/1.1 200 OK").skip(1).map(|answer| status_and_content(answer).1).collect();
    assert_eq!(contents, ["hello", "one", "two", "hello"]);
}

#[tokio::test]
async fn a_malformed_successor_is_refused_after_the_answers_to_those_before_it() {
    let served = Served::with(patient()).await;
    let answers = served
        .exchange(
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
              POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none\
              GET / HTTP/1.1\nHost: a\n\n",
        )
        .await;
    let answers: Vec<_> = answers.split_inclusive("HTTP/1.1 ").skip(1).collect();
    assert!(answers[0].starts_with("200") && answers[0].contains("\r\n\r\nhello"), "{answers:?}");
    assert!(answers[1].starts_with("200") && answers[1].contains("\r\n\r\none"), "{answers:?}");
    assert!(answers[2].starts_with("400") && answers[2].contains("carriage return"), "{answers:?}");
}

#[tokio::test]
async fn a_malformed_successor_waits_for_an_answer_that_takes_its_time() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    served.waiting.notified().await;
    client.send(b"GET / HTTP/1.1\r\n\r\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    served.go_on.notify_one();
    assert_eq!(status_and_content(&client.read_response().await), (200, "waited"));
    assert_eq!(status_and_content(&client.read_to_end().await).0, 400);
}

#[tokio::test]
async fn nothing_follows_the_answer_after_which_the_connection_closes() {
    let served = Served::with(patient()).await;
    let answer = served.exchange(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGARBAGE\n").await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(status_and_content(&answer), (200, "hello"));
}

#[tokio::test]
async fn a_smuggled_request_never_reaches_the_service() {
    for request in [
        &b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n\
           GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;\n a\r\nabc\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let served = Served::with(patient()).await;
        let answer = served.exchange(request).await;
        assert_eq!(status_and_content(&answer).0, 400, "{}", request.escape_ascii());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn content_that_turns_out_malformed_is_refused_while_the_service_reads_it() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    client.send(b"fffffffff\r\n").await;
    let answer = client.read_to_end().await;
    assert_eq!(status_and_content(&answer), (400, r#"{"errors":["Bad Request","a chunk size is invalid"]}"#));
}

#[tokio::test]
async fn content_that_turns_out_malformed_after_the_answer_closes_the_connection() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    client.send(b"POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    client.send(b"zzz\r\n").await;
    let answers = client.read_to_end().await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
}

#[tokio::test]
async fn the_refusal_of_a_long_request_can_be_read() {
    let served = Served::with(patient()).await;
    let mut request = b"POST /echo HTTP/1.1\r\nContent-Length: 500000\r\n\r\n".to_vec();
    request.resize(request.len() + 500_000, b'x');
    let answer = served.exchange(&request).await;
    assert_eq!(status_and_content(&answer).0, 400);
}

#[tokio::test]
async fn an_early_answer_to_a_long_request_can_be_read() {
    let served = Served::with(patient()).await;
    let mut request = b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n".to_vec();
    request.resize(request.len() + 500_000, b'x');
    let answer = served.exchange(&request).await;
    assert_eq!(status_and_content(&answer), (200, "ignored"));
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_alone() {
    let served = Served::with(patient()).await;
    let mut bystander = served.connect().await;
    bystander.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    bystander.read_response().await;
    assert_eq!(served.exchange(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await, "");
    bystander.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status_and_content(&bystander.read_response().await), (200, "hello"));
    crate::support::eventually(|| served.stats.open_connections() == 1).await;
}

/// Source: RFC 9112, section 9.6.
#[tokio::test]
async fn an_answer_to_content_that_is_still_to_come_announces_the_close() {
    let served = Served::with(patient()).await;
    for request in [
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let answer = served.exchange(request.as_bytes()).await;
        assert_eq!(status_and_content(&answer), (200, "ignored"));
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_to_content_that_has_come_announces_nothing() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    for request in [
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12",
    ] {
        client.send(request.as_bytes()).await;
        let answer = client.read_response().await;
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection:"), "{answer}");
    }
    client.send(b"345").await;
    assert_eq!(status_and_content(&client.read_response().await), (200, "12345"));
}
