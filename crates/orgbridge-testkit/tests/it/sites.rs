//! What keeps sites apart. Source: contract, section 5; RFC 9110, section 15.5.20.

use orgbridge_api::LimitName;
use orgbridge_testkit::{Caller, Persona, TestOrg, TestServer, TestServerBuilder};

const WHOAMI: &str = "/api/v2/current_user";
const VALIDATE: &str = "/api/v1/validate";
const MISDIRECTED: &str = r#"421 {"errors":["Misdirected Request","this server does not answer for the host that was asked; ask api.SITE, where SITE is one of the sites that it is set up for"]}"#;
const COM: &str = "api.datadoghq.com";
const EU: &str = "api.datadoghq.eu";
const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";

fn two_sites() -> TestServerBuilder {
    TestServer::builder().answering_for(["datadoghq.com", "datadoghq.eu"])
}

/// Both versions of HTTP say in their own way which host is asked.
fn over_both_versions(server: &TestServerBuilder) -> [TestServerBuilder; 2] {
    [server.clone(), server.clone().called_over_http2()]
}

#[tokio::test]
async fn each_site_is_asked_at_its_own_host() {
    for server in over_both_versions(&two_sites()) {
        let server = server.start().await;
        let at_home = [(server.source_admin(), COM), (server.overseas_admin(), EU)];
        for (caller, host) in at_home {
            assert_eq!(caller.get(WHOAMI).at(host).await.status(), 200, "{caller:?} at {host}");
        }
        let found = server.overseas_admin().get(WHOAMI).at(EU).await;
        assert_eq!(found.at("/data/relationships/org/data/id"), TestOrg::Overseas.id().to_string());
    }
}

#[tokio::test]
async fn a_key_of_another_site_is_as_unknown_as_one_that_never_was() {
    for server in over_both_versions(&two_sites()) {
        let server = server.start().await;
        let wrong = |path| server.caller(Persona::WrongApiKey).get(path).at(EU);
        let elsewhere = |path| server.source_admin().get(path).at(EU);
        for path in [WHOAMI, VALIDATE, "/api/v2/validate_keys", "/api/v2/org_connections", "/api/v1/org"] {
            let (elsewhere, wrong) = (elsewhere(path).await, wrong(path).await);
            assert_eq!(elsewhere.to_string(), wrong.to_string(), "{path}");
            for header in ["www-authenticate", "x-ratelimit-name"] {
                assert_eq!(elsewhere.header(header), wrong.header(header), "{path}");
            }
        }
        let unauthorized = r#"401 {"errors":["Unauthorized","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}"#;
        assert_eq!(elsewhere(WHOAMI).await.to_string(), unauthorized);
        assert_eq!(
            elsewhere(VALIDATE).await.to_string(),
            r#"403 {"errors":["Forbidden","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}"#
        );
        assert_eq!(server.overseas_admin().get(VALIDATE).at(COM).await.status(), 403);
    }
}

#[tokio::test]
async fn keys_of_two_sites_are_nobodys_on_either() {
    let server = two_sites().start().await;
    for (host, mixed) in [(COM, "application key of another site"), (EU, "API key of another site")] {
        let [(_, api_key), _] = &Persona::SourceAdmin.credentials()[..] else { panic!("two keys") };
        let [_, (_, application_key)] = &Persona::OverseasAdmin.credentials()[..] else { panic!("two keys") };
        let call = server.anonymous().get(WHOAMI).at(host);
        let reply = call.header("dd-api-key", api_key).header("dd-application-key", application_key).await;
        assert_eq!(reply.status(), 401, "{mixed}");
    }
}

#[tokio::test]
async fn a_host_that_is_no_sites_is_refused_whoever_asks_and_whatever_for() {
    for server in over_both_versions(&two_sites().without_rate_limits()) {
        let server = server.start().await;
        for host in ["localhost", "127.0.0.1", "datadoghq.com", "app.datadoghq.com", "api.us5.datadoghq.com"]
        {
            for persona in Persona::ALL {
                for path in [WHOAMI, VALIDATE, "/api/v2/org_connections", "/nowhere", "/"] {
                    let same = server.caller(persona).get(path).at(host).await;
                    assert_eq!(same.to_string(), MISDIRECTED, "{persona} {path} at {host}");
                }
            }
            let method = server.anonymous().call(http::Method::PUT, WHOAMI).at(host).await;
            assert_eq!(method.to_string(), MISDIRECTED, "{host}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_host_comes_before_what_is_wrong_with_the_credentials() {
    let server = two_sites().start().await;
    let reply = server.anonymous().get(format!("{WHOAMI}?api_key=0123")).at("localhost").await;
    assert_eq!(reply.status(), 421);
    assert_eq!(server.anonymous().get(format!("{WHOAMI}?api_key=0123")).at(EU).await.status(), 401);
    assert_eq!(server.anonymous().get("/nowhere").at(EU).await.status(), 404);
}

#[tokio::test]
async fn asking_the_wrong_host_is_charged_to_the_address_and_not_to_the_org() {
    let server = two_sites().limiting(LimitName::UnknownRoute, 3, 60).start().await;
    for path in [WHOAMI, "/nowhere", VALIDATE] {
        let reply = server.source_admin().get(path).at("localhost").await;
        assert_eq!(
            (reply.status(), reply.header("x-ratelimit-name")),
            (421, Some("unknown_route")),
            "{path}"
        );
    }
    assert_eq!(server.source_admin().get(WHOAMI).at("localhost").await.status(), 429);
    assert_eq!(server.source_admin().get(WHOAMI).at(COM).await.status(), 200);
}

/// Source: RFC 9110, section 4.2.3; RFC 9112, section 3.2.
#[tokio::test]
async fn a_host_is_taken_in_any_case_with_any_port_and_from_a_whole_url() {
    let server = two_sites().start().await;
    let keys = Persona::OverseasAdmin.header_lines();
    for (target, host, status) in [
        (WHOAMI.to_owned(), "api.datadoghq.eu", 200),
        (WHOAMI.to_owned(), "API.DataDogHQ.eu", 200),
        (WHOAMI.to_owned(), "api.datadoghq.eu:443", 200),
        (WHOAMI.to_owned(), "api.datadoghq.eu:12345", 200),
        (format!("http://api.datadoghq.eu{WHOAMI}"), "api.datadoghq.eu", 200),
        (format!("http://API.datadoghq.EU:80{WHOAMI}"), "api.datadoghq.eu:80", 200),
        (format!("http://api.datadoghq.eu{WHOAMI}"), "api.datadoghq.com", 400),
        (format!("http://api.datadoghq.com{WHOAMI}"), "api.datadoghq.com", 401),
        (WHOAMI.to_owned(), "api.datadoghq.com", 401),
        (WHOAMI.to_owned(), "api.datadoghq.eu.", 421),
        (WHOAMI.to_owned(), "api.us3.datadoghq.com", 421),
        (WHOAMI.to_owned(), "[::1]", 421),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{keys}\r\n");
        assert_eq!(server.exchange(request).await.status(), status, "{target} of {host}");
    }
}

#[tokio::test]
async fn without_sites_any_host_will_do_and_the_orgs_of_all_of_them_are_known() {
    for server in over_both_versions(&TestServer::builder()) {
        let server = server.start().await;
        for host in ["localhost", "127.0.0.1", COM, EU, "somewhere.example"] {
            for caller in [server.source_admin(), server.overseas_admin()] {
                assert_eq!(caller.get(WHOAMI).at(host).await.status(), 200, "{caller:?} at {host}");
            }
        }
    }
}

#[tokio::test]
async fn an_org_learns_of_no_org_on_another_site() {
    let server = TestServer::start().await;
    for path in ["/api/v1/org", "/api/v2/org", "/api/v2/org?filter[name]=org"] {
        let managing = server.source_admin().get(path).await;
        assert!(!managing.body().contains(TestOrg::Overseas.name()), "{managing}");
        let overseas = server.overseas_admin().get(path).await;
        assert_eq!(overseas.body().matches("Overseas Org").count(), 1, "{overseas}");
        assert!(!overseas.body().contains("Source Org"), "{overseas}");
    }
}

#[tokio::test]
async fn an_org_on_another_site_is_told_apart_from_none_by_nothing() {
    let server = TestServer::start().await;
    let before = server.revision();
    for (caller, elsewhere) in
        [(server.source_admin(), TestOrg::Overseas), (server.overseas_admin(), TestOrg::Source)]
    {
        let absent = caller.create(ABSENT, ["logs"]).await;
        let reply = caller.create(elsewhere.id(), ["logs"]).await;
        assert_eq!(reply.to_string(), absent.to_string(), "{caller:?}");
        assert_eq!(reply.status(), 404);
    }
    assert_eq!(server.revision(), before);
}

async fn connects_across(caller: Caller<'_>, server: &TestServer) {
    let reply = caller.create(TestOrg::Overseas.id(), ["logs"]).await;
    assert_eq!(reply.status(), 200, "{reply}");
    assert_eq!(reply.at("/data/relationships/sink_org/data/name"), "Overseas Org");
    assert_eq!(server.overseas_admin().list().await.ids(), [reply.at("/data/id")]);
}

#[tokio::test]
async fn a_connection_crosses_sites_where_the_operator_lets_it() {
    let server = TestServer::builder().letting_connections_cross_sites().start().await;
    connects_across(server.source_admin(), &server).await;
    let foreign = server.stranger_admin().create(TestOrg::Overseas.id(), ["logs"]).await;
    assert_eq!(foreign.status(), 404, "an account is a wall all the same");
}

#[tokio::test]
async fn a_connection_that_crosses_is_seen_changed_and_removed_by_each_side_on_its_own_site() {
    let server = two_sites().start().await;
    let shared = server.connection().to(TestOrg::Overseas).of(["logs"]).create().await;
    let (source, sink) = (server.source_admin(), server.overseas_admin());

    // It was made while that was allowed: a new one is not.
    server.connection().from(TestOrg::Sink).to(TestOrg::Overseas).create().await;
    assert_eq!(source.create(TestOrg::Overseas.id(), ["logs"]).at(COM).await.status(), 404);

    assert_eq!(source.list().at(COM).await.ids(), [shared.to_string()]);
    assert_eq!(sink.list().at(EU).await.at("/meta/page/total_count"), "2");
    assert_eq!(sink.read(shared).at(COM).await.status(), 401);
    assert_eq!(source.update(shared, ["metrics"]).at(EU).await.status(), 401);
    assert_eq!(source.update(shared, ["metrics"]).at(COM).await.types(), ["metrics"]);
    assert_eq!(sink.update(shared, ["audit"]).at(EU).await.status(), 403);
    assert_eq!(sink.delete(shared).at(EU).await.status(), 200);
}
