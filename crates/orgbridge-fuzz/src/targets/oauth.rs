//! What clients of OAuth2 send: to the page, for tokens, to give them back, and where they want users to be sent.

use http::{Method, Request, Uri};
use orgbridge_testkit::{Persona, Reply};

use super::first_line;
use crate::Target;
use crate::in_memory::InMemory;
use crate::target::Prepared;

/// The first line is a method and a target, the second the header `Authorization`, the third the header `Cookie`, the rest
/// a form. `@client` is a client for which users decide, `@callback` its redirect URI, encoded.
pub(crate) const TARGET: Target =
    Target { name: "oauth", about: "parameters of OAuth2: pages, tokens, redirects, PKCE", prepare };

const CALLBACK: &str = "https://app.example.com/callback?tenant=1";

fn prepare() -> Prepared {
    let api = InMemory::start();
    let metadata = format!(r#"{{"client_name":"Dashboards","redirect_uris":["{CALLBACK}"]}}"#);
    let register = Uri::from_static("/api/v2/oauth2/register");
    let client = loop {
        // The machine is not busy for ever.
        let reply = api.call(Persona::SourceAdmin, Method::POST, register.clone(), metadata.as_bytes());
        if let Some(reply) = reply {
            break reply.at("/client_id");
        }
    };
    let callback: String = form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes).replace("@client", &client).replace("@callback", &callback);
        let (call, rest) = first_line(text.as_bytes());
        let (authorization, rest) = first_line(rest);
        let (cookie, form) = first_line(rest);
        let mut words = call.split(|byte| *byte == b' ');
        let Some(Ok(method)) = words.next().map(Method::from_bytes) else { return };
        let Some(Ok(target)) = words.next().map(Uri::try_from) else { return };
        if !target.path().starts_with("/oauth2/v1/") {
            return;
        }
        let request = Request::builder()
            .method(method)
            .uri(target.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let named = [("authorization", authorization), ("cookie", cookie)];
        let request = named
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .fold(request, |request, (name, value)| request.header(name, value));
        let Ok(request) = request.body(form.to_vec()) else { return };
        let before = api.revision();
        let Some(reply) = api.send(request) else { return };
        // Whoever knows no secret, no code and no key comes by nothing.
        assert_eq!(api.revision(), before, "something was changed: {reply}");
        check(&reply, target.path());
    })
}

fn check(reply: &Reply, path: &str) {
    if path.starts_with("/oauth2/v1/token") {
        assert!(reply.status() >= 400, "a token was given away: {reply}");
    }
    if let Some(location) = reply.header("location") {
        let rest = location.strip_prefix(CALLBACK);
        let is_ours = location.starts_with("/oauth2/v1/");
        assert!(is_ours || rest.is_some_and(|rest| rest.starts_with('&')), "sent elsewhere: {location}");
    }
    for cookie in reply.cookies() {
        assert!(cookie.contains("HttpOnly"), "{cookie}");
    }
    if reply.header("content-type") == Some("application/json") && reply.status() >= 400 {
        let json = reply.json();
        assert!(json["error"].is_string() || json["errors"].is_array(), "{reply}");
    }
}
