//! What is wrong is said in the words of the standards.

use insta::assert_snapshot;
use orgbridge_testkit::TestServer;
use serde_json::json;

use super::{Client, Registers as _, TOKEN};

const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_client_that_can_not_be_is_refused_with_the_place() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for metadata in [
        json!({"redirect_uris": ["https://app.example.com/"]}),
        json!({"client_name": " ", "redirect_uris": ["https://app.example.com/"]}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/#top"]}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/", "http://app.example.com/"]}),
        json!({"client_name": "a"}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/"], "grant_types": ["implicit"]}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/"], "response_types": ["token"]}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/"], "scope": "logs_read"}),
        json!({"client_name": "a", "redirect_uris": ["https://app.example.com/"], "token_endpoint_auth_method": "private_key_jwt"}),
        json!({"client_name": "a", "grant_types": ["client_credentials"]}),
        json!({"client_name": "a", "grant_types": ["client_credentials"], "service_account_id": "robot"}),
        json!({"client_name": "a", "grant_types": ["client_credentials"], "service_account_id": ABSENT}),
        json!({"client_name": "a", "redirect_uris": ["https://a.example/", "https://a.example/"]}),
    ] {
        replies.push(server.source_admin().register(&metadata).await.to_string());
    }
    assert_snapshot!(replies.join("\n"), @r#"
    400 {"errors":["Validation failed for input.","client_name: is missing"],"error":"invalid_client_metadata","error_description":"client_name: is missing"}
    400 {"errors":["invalid_client_metadata","client_name: must not be empty"],"error":"invalid_client_metadata","error_description":"client_name: must not be empty"}
    400 {"errors":["invalid_redirect_uri","redirect_uris[0]: must have no fragment"],"error":"invalid_redirect_uri","error_description":"redirect_uris[0]: must have no fragment"}
    400 {
      "errors":[
        "invalid_redirect_uri",
        "redirect_uris[1]: must begin with https://, with http:// and 127.0.0.1, [::1] or localhost, or with a scheme that has a dot, such as com.example.app:/"
      ],
      "error":"invalid_redirect_uri",
      "error_description":"redirect_uris[1]: must begin with https://, with http:// and 127.0.0.1, [::1] or localhost, or with a scheme that has a dot, such as com.example.app:/"
    }
    400 {"errors":["invalid_redirect_uri","redirect_uris: expected some for authorization_code, and none for anything else"],"error":"invalid_redirect_uri","error_description":"redirect_uris: expected some for authorization_code, and none for anything else"}
    400 {"errors":["invalid_client_metadata","grant_types: must be one of authorization_code, refresh_token, client_credentials"],"error":"invalid_client_metadata","error_description":"grant_types: must be one of authorization_code, refresh_token, client_credentials"}
    400 {"errors":["invalid_client_metadata","response_types: expected \"code\" alone for authorization_code, and none for anything else"],"error":"invalid_client_metadata","error_description":"response_types: expected 'code' alone for authorization_code, and none for anything else"}
    400 {
      "errors":[
        "invalid_client_metadata",
        "scope: \"logs_read\" is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write"
      ],
      "error":"invalid_client_metadata",
      "error_description":"scope: 'logs_read' is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write"
    }
    400 {"errors":["invalid_client_metadata","token_endpoint_auth_method: must be one of none, client_secret_basic, client_secret_post"],"error":"invalid_client_metadata","error_description":"token_endpoint_auth_method: must be one of none, client_secret_basic, client_secret_post"}
    400 {
      "errors":[
        "invalid_client_metadata",
        "service_account_id: expected the service account that the client acts as for client_credentials, and none for anything else"
      ],
      "error":"invalid_client_metadata",
      "error_description":"service_account_id: expected the service account that the client acts as for client_credentials, and none for anything else"
    }
    400 {
      "errors":[
        "invalid_client_metadata",
        "service_account_id: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"
      ],
      "error":"invalid_client_metadata",
      "error_description":"service_account_id: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"
    }
    404 {"errors":["Not found","there is no service account of this organization with this id"]}
    400 {"errors":["Validation failed for input.","redirect URIs: expected at most 16 of them, none twice"],"error":"invalid_client_metadata","error_description":"redirect URIs: expected at most 16 of them, none twice"}
    "#);
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_what_it_asks_for() {
    let server = TestServer::start().await;
    let client = Client::alone(&server).await;
    let mut replies = Vec::new();
    for form in [
        &[][..],
        &[("grant_type", "password"), ("username", "jane"), ("password", "secret")],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "authorization_code"), ("code", "none"), ("redirect_uri", "https://a.example/")],
        &[
            ("grant_type", "authorization_code"),
            ("code", "none"),
            ("redirect_uri", "https://a.example/"),
            ("code_verifier", "plain"),
        ],
        &[
            ("grant_type", "authorization_code"),
            ("code", "none"),
            ("redirect_uri", "https://a.example/"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ],
        &[("grant_type", "refresh_token"), ("refresh_token", "none")],
        &[("grant_type", "client_credentials"), ("scope", "logs_read")],
        &[("grant_type", "client_credentials"), ("scope", "audit_logs_read")],
        &[("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
        &[("grant_type", "client_credentials"), ("client_secret", "twice")],
        &[("grant_type", "client_credentials"), ("client_id", ABSENT)],
    ] {
        replies.push(client.token(&server, form).await.to_string());
    }
    assert_snapshot!(replies.join("\n"), @r#"
    400 {"error":"invalid_request","error_description":"grant_type: is missing"}
    400 {"error":"unsupported_grant_type","error_description":"grant_type: must be one of authorization_code, refresh_token, client_credentials"}
    400 {"error":"invalid_request","error_description":"code: is missing"}
    400 {"error":"invalid_request","error_description":"code_verifier: is missing"}
    400 {"error":"invalid_request","error_description":"code_verifier: expected 43 to 128 letters, digits, hyphens, dots, underscores and tildes"}
    400 {"error":"invalid_grant","error_description":"the code is unknown, expired, or another client's, or was used before, which ends all that came of it"}
    400 {"error":"invalid_grant","error_description":"the refresh token is unknown, expired, revoked, or another client's, or was used before, which ends all that came of the same authorization"}
    400 {
      "error":"invalid_scope",
      "error_description":"scope: 'logs_read' is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write"
    }
    400 {"error":"invalid_scope","error_description":"scope names more than the client may ask for, or nothing that the user may do"}
    400 {"error":"invalid_request","error_description":"grant_type: is given more than once"}
    400 {"error":"invalid_request","error_description":"client_secret: send it in the header Authorization or here, and not in both"}
    400 {"error":"invalid_request","error_description":"client_id: is not the one in the header Authorization"}
    "#);
}

#[tokio::test]
async fn whoever_does_not_prove_to_be_a_client_is_told_no_more_than_that() {
    let server = TestServer::start().await;
    let client = Client::alone(&server).await;
    let absent = Client { id: ABSENT.to_owned(), secret: client.secret.clone() };
    let wrong = Client { id: client.id.clone(), secret: "wrong".to_owned() };
    let form = [("grant_type", "client_credentials")];
    let reply = absent.token(&server, &form).await;
    assert_snapshot!(reply, @r#"401 {"error":"invalid_client","error_description":"the client is unknown here, or does not prove itself as it is registered to; check client_id, client_secret and token_endpoint_auth_method"}"#);
    assert_eq!(reply.header("www-authenticate"), Some(r#"Basic realm="orgbridge""#));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(wrong.token(&server, &form).await.to_string(), reply.to_string());
    let in_body = [form[0], ("client_id", &client.id), ("client_secret", &client.secret)];
    let public = [form[0], ("client_id", &client.id)];
    for form in [&in_body[..], &public, &form] {
        let same = server.anonymous().call(http::Method::POST, TOKEN).form(form.iter().copied()).await;
        assert_eq!(same.to_string(), reply.to_string(), "{form:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let server = TestServer::start().await;
    let post = || server.anonymous().call(http::Method::POST, TOKEN);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(post().await.status(), 415);
    assert_eq!(post().body("{}").await.status(), 415);
    assert_eq!(
        post()
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-16")
            .body("a=b")
            .await
            .status(),
        415
    );
    assert_eq!(
        post().header("content-type", form).header("content-encoding", "gzip").body("a=b").await.status(),
        415
    );
    assert_eq!(post().header("content-type", form).body("a=".repeat(40_000)).await.status(), 413);
    assert_snapshot!(post().header("content-type", form).body("grant_type=%FF").await, @r#"400 {"error":"invalid_request","error_description":"the body: must be names and values, percent-encoded as UTF-8"}"#);
    assert_snapshot!(post().header("content-type", form).body("a=1&a=2").await, @r#"400 {"error":"invalid_request","error_description":"a: is given more than once"}"#);
}
