"""Comes by access tokens with Authlib, a client of OAuth2 that knows nothing of Orgbridge, and uses them.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY and DD_READER_APP_KEY (a key with the scope org_connections_read alone).
Says what it did, and stops with a non-zero status at the first wrong thing. What it registers stays there.
"""

from html.parser import HTMLParser
from os import environ
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

URL = environ["ORGBRIDGE_URL"]
KEYS = {"DD-API-KEY": environ["DD_API_KEY"], "DD-APPLICATION-KEY": environ["DD_APP_KEY"]}
READ, WRITE = "org_connections_read", "org_connections_write"
CALLBACK = "https://app.example.com/callback"


def discover():
    """What the server says of itself, held to RFC 8414."""
    answer = requests.get(get_well_known_url(URL, external=True), timeout=30)
    assert answer.status_code == 200, answer.text
    metadata = AuthorizationServerMetadata(answer.json())
    # Authlib asks for TLS everywhere; this server listens on the machine itself.
    secure = AuthorizationServerMetadata(
        {
            name: value.replace("http://", "https://", 1) if isinstance(value, str) else value
            for name, value in metadata.items()
        }
    )
    secure.validate()
    assert metadata["issuer"] == URL, metadata
    assert metadata["code_challenge_methods_supported"] == ["S256"], metadata
    return metadata


def register(endpoint, **metadata):
    answer = requests.post(endpoint, json=metadata, headers=KEYS, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()


def session(client, **more):
    # Codes travel over what this machine alone hears.
    return OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        token_endpoint_auth_method=client["token_endpoint_auth_method"],
        **more,
    )


class Form(HTMLParser):
    """The one form of a page."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes["value"]


def decide(url, application_key, decision="allow"):
    """What somebody does in a browser: logs in, decides, and is sent back to the client."""
    browser = requests.Session()
    login = browser.get(url, timeout=30)
    assert login.status_code == 200, login.text
    action = urljoin(URL, Form(login.text).action)
    consent = browser.post(action, data={"application_key": application_key}, timeout=30)
    assert consent.status_code == 200, consent.text
    form = Form(consent.text)
    answer = browser.post(
        urljoin(URL, form.action),
        data={**form.fields, "decision": decision},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def ask(metadata, client, verifier=None, **more):
    """The page to which a client sends somebody, and the state that it remembers."""
    challenge = create_s256_code_challenge(verifier) if verifier else None
    parameters = {"code_challenge": challenge, "code_challenge_method": "S256"} if challenge else {}
    oauth = session(client, redirect_uri=CALLBACK, scope=f"{READ} {WRITE}")
    return oauth.create_authorization_url(metadata["authorization_endpoint"], **{**parameters, **more})


def redirected(url):
    """What a client is told that asks for something that nobody is shown."""
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def allowed(metadata, client, application_key):
    """A session of the client with the tokens that somebody let it have."""
    verifier = generate_token(48)
    url, state = ask(metadata, client, verifier)
    back = decide(url, application_key)
    answer = parse_qs(urlsplit(back).query)
    assert answer["iss"] == [metadata["issuer"]] and answer["state"] == [state], back
    oauth = session(client, redirect_uri=CALLBACK, state=state)
    oauth.fetch_token(metadata["token_endpoint"], authorization_response=back, code_verifier=verifier)
    return oauth, back, verifier


def must_be_refused(error, call):
    try:
        call()
    except OAuthError as refused:
        assert refused.error == error, f"expected {error}, got {refused}"
    else:
        raise AssertionError(f"expected {error}")


def status(oauth, method="GET", path="/api/v2/org_connections"):
    return oauth.request(method, URL + path).status_code


def code_with_pkce(metadata, client):
    oauth, back, verifier = allowed(metadata, client, environ["DD_APP_KEY"])
    assert oauth.token["token_type"] == "Bearer" and oauth.token["expires_in"] == 3600, oauth.token
    assert oauth.token["scope"] == f"{READ} {WRITE}", oauth.token
    assert status(oauth) == 200
    print("a code became tokens")

    again = session(client, redirect_uri=CALLBACK)
    must_be_refused(
        "invalid_grant",
        lambda: again.fetch_token(
            metadata["token_endpoint"],
            code=parse_qs(urlsplit(back).query)["code"][0],
            code_verifier=verifier,
        ),
    )
    assert status(oauth) == 401
    print("a code that came again ended what had come of it")


def refresh(metadata, client):
    oauth, _, _ = allowed(metadata, client, environ["DD_APP_KEY"])
    first = dict(oauth.token)
    oauth.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert oauth.token["refresh_token"] != first["refresh_token"]
    assert status(oauth) == 200
    other = session(client)
    must_be_refused(
        "invalid_grant",
        lambda: other.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"]),
    )
    assert status(oauth) == 401
    print("a refresh token that came again ended its family")


def narrow(metadata, client):
    oauth, _, _ = allowed(metadata, client, environ["DD_READER_APP_KEY"])
    assert oauth.token["scope"] == READ, oauth.token
    absent = "/api/v2/org_connections/00000000-0000-4000-8000-000000000000"
    assert (status(oauth), status(oauth, "DELETE", absent)) == (200, 403)
    token = oauth.refresh_token(
        metadata["token_endpoint"], refresh_token=oauth.token["refresh_token"], scope=READ
    )
    assert token["scope"] == READ, token
    must_be_refused(
        "invalid_scope",
        lambda: oauth.refresh_token(
            metadata["token_endpoint"], refresh_token=oauth.token["refresh_token"], scope=f"{READ} {WRITE}"
        ),
    )
    print("scopes narrowed and did not widen")


def wrong_requests(metadata, client):
    verifier = generate_token(48)
    url, state = ask(metadata, client, verifier)
    told = redirected(ask(metadata, client, verifier, code_challenge_method="plain")[0])
    assert told["error"] == "invalid_request" and told["iss"] == metadata["issuer"], told
    assert redirected(ask(metadata, client)[0])["error"] == "invalid_request"
    assert redirected(ask(metadata, client, verifier, scope="audit_logs_read")[0])["error"] == "invalid_scope"
    elsewhere = session(client, redirect_uri="https://evil.example/", scope=READ)
    page, _ = elsewhere.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    answer = requests.get(page, allow_redirects=False, timeout=30)
    assert answer.status_code == 400 and "Location" not in answer.headers, answer.text
    denied = parse_qs(urlsplit(decide(url, environ["DD_APP_KEY"], "deny")).query)
    assert denied["error"] == ["access_denied"] and denied["state"] == [state], denied
    back = decide(url, environ["DD_APP_KEY"])
    oauth = session(client, redirect_uri=CALLBACK, state=state)
    must_be_refused(
        "invalid_grant",
        lambda: oauth.fetch_token(
            metadata["token_endpoint"], authorization_response=back, code_verifier=generate_token(48)
        ),
    )
    print("plain, no challenge, a wrong verifier, place and scope, and a denial were told")


def revocation(metadata, client):
    oauth, _, _ = allowed(metadata, client, environ["DD_APP_KEY"])
    access, renewal = oauth.token["access_token"], oauth.token["refresh_token"]
    answer = oauth.revoke_token(metadata["revocation_endpoint"], token=access)
    assert answer.status_code == 200, answer.text
    assert status(oauth) == 401
    oauth.refresh_token(metadata["token_endpoint"], refresh_token=renewal)
    assert status(oauth) == 200
    renewal = oauth.token["refresh_token"]
    assert oauth.revoke_token(metadata["revocation_endpoint"], token=renewal).status_code == 200
    assert status(oauth) == 401
    assert oauth.revoke_token(metadata["revocation_endpoint"], token="unknown").status_code == 200
    print("tokens were given back")


def alone(metadata):
    account = requests.post(
        f"{URL}/api/v2/service_accounts",
        headers=KEYS,
        json={
            "data": {
                "type": "users",
                "attributes": {"email": "dashboards@example.com", "service_account": True},
                "relationships": {
                    "roles": {"data": [{"type": "roles", "id": "0b1d6e00-0000-4000-8000-000000000003"}]}
                },
            }
        },
        timeout=30,
    )
    assert account.status_code == 201, account.text
    client = register(
        metadata["registration_endpoint"],
        client_name="Nightly Report",
        grant_types=["client_credentials"],
        token_endpoint_auth_method="client_secret_post",
        service_account_id=account.json()["data"]["id"],
    )
    oauth = session(client, scope=READ)
    oauth.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert oauth.token["scope"] == READ and "refresh_token" not in oauth.token, oauth.token
    me = oauth.get(f"{URL}/api/v2/current_user").json()
    assert me["data"]["attributes"]["email"] == "dashboards@example.com", me
    print("a client acted as its service account")


def main():
    metadata = discover()
    client = register(
        metadata["registration_endpoint"],
        client_name="Dashboards",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
    )
    print("a client was registered")
    code_with_pkce(metadata, client)
    refresh(metadata, client)
    narrow(metadata, client)
    wrong_requests(metadata, client)
    revocation(metadata, client)
    alone(metadata)
    print("OAuth2 went as expected")


main()
