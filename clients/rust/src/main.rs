//! Lists, creates, updates and deletes an org connection with the official Rust client.
//!
//! The steps, and the environment that they read, are described in `clients/README.md`. Says what it did, and stops
//! with a non-zero status at the first wrong thing.

use std::env;
use std::fmt::{Debug, Display};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datadog_api_client::datadog::{APIKey, Configuration, Error, ResponseContent};
use datadog_api_client::datadogV1::api_authentication::AuthenticationAPI;
use datadog_api_client::datadogV1::api_organizations::OrganizationsAPI as OrganizationsAPIV1;
use datadog_api_client::datadogV2::api_org_connections::{
    CreateOrgConnectionsError, DeleteOrgConnectionsError, ListOrgConnectionsError,
    ListOrgConnectionsOptionalParams, OrgConnectionsAPI, UpdateOrgConnectionsError,
};
use datadog_api_client::datadogV2::api_organizations::{ListOrgsOptionalParams, OrganizationsAPI};
use datadog_api_client::datadogV2::model::{
    OrgConnectionCreate, OrgConnectionCreateAttributes, OrgConnectionCreateRelationships,
    OrgConnectionCreateRequest, OrgConnectionOrgRelationship, OrgConnectionOrgRelationshipData,
    OrgConnectionOrgRelationshipDataType, OrgConnectionType, OrgConnectionTypeEnum, OrgConnectionUpdate,
    OrgConnectionUpdateAttributes, OrgConnectionUpdateRequest,
};
use http::Extensions;
use reqwest::header::HeaderMap;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use url::Url;
use uuid::Uuid;

use OrgConnectionTypeEnum::{LOGS, METRICS};

/// More reads than the limit of the server takes; see `clients/README.md`.
const MOST_READS: usize = 500;

/// What went wrong, as text for a person.
type Outcome<T = ()> = Result<T, String>;

/// A configuration whose only difference from one of the real service is its host. Where `ORGBRIDGE_URL` is not set
/// there is no difference at all: the client finds its site by itself. A key that is `None` is taken from
/// `DD_API_KEY` or `DD_APP_KEY`.
fn configuration(api_key: Option<String>, application_key: Option<String>) -> Outcome<Configuration> {
    let mut configuration = Configuration::new();
    if let Some(address) = env::var("ORGBRIDGE_URL").ok().filter(|address| !address.is_empty()) {
        let server = Url::parse(&address).map_err(|error| format!("ORGBRIDGE_URL: {error}"))?;
        configuration.server_index = 1;
        configuration.server_variables.insert("protocol".to_owned(), server.scheme().to_owned());
        configuration.server_variables.insert("name".to_owned(), server.authority().to_owned());
    }
    for (name, key) in [("apiKeyAuth", api_key), ("appKeyAuth", application_key)] {
        if let Some(key) = key {
            configuration.set_auth_key(name, APIKey { key, prefix: String::new() });
        }
    }
    Ok(configuration)
}

fn creation(sink: &str, types: &[OrgConnectionTypeEnum]) -> OrgConnectionCreateRequest {
    let data = OrgConnectionOrgRelationshipData::new()
        .type_(OrgConnectionOrgRelationshipDataType::ORGS)
        .id(sink.to_owned());
    OrgConnectionCreateRequest::new(OrgConnectionCreate::new(
        OrgConnectionCreateAttributes::new(types.to_vec()),
        OrgConnectionCreateRelationships::new(OrgConnectionOrgRelationship::new().data(data)),
        OrgConnectionType::ORG_CONNECTION,
    ))
}

fn update(id: Uuid, types: &[OrgConnectionTypeEnum]) -> OrgConnectionUpdateRequest {
    OrgConnectionUpdateRequest::new(OrgConnectionUpdate::new(
        OrgConnectionUpdateAttributes::new(types.to_vec()),
        id,
        OrgConnectionType::ORG_CONNECTION,
    ))
}

/// Says that a step went well, if each of its checks found what it expects.
fn step(name: &str, checks: impl IntoIterator<Item = Outcome>) -> Outcome {
    for check in checks {
        check.map_err(|problem| format!("{name}: {problem}"))?;
    }
    println!("{name}: as expected");
    Ok(())
}

/// One thing that a step looks at.
fn check<T: PartialEq<U> + Debug, U: Debug>(what: impl Display, actual: T, expected: U) -> Outcome {
    if actual == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {actual:?}")) }
}

/// Every part of an answer must fit the client's own models. Only their `Debug` output shows where one does not.
fn parsed<T: Debug, E: Debug>(name: &str, answer: Result<T, Error<E>>) -> Outcome<T> {
    let answer = answer.map_err(|error| format!("{name}: {error}: {error:?}"))?;
    let shown = format!("{answer:?}");
    if shown.contains("_unparsed: true") || shown.contains("UnparsedObject") {
        return Err(format!("{name}: the client could not parse a part of {shown}"));
    }
    Ok(answer)
}

/// A call must be refused with a status, and the client must be able to read why.
fn refused<T: Debug, E: TypedError>(
    name: &str,
    status: u16,
    first_error: &str,
    answer: Result<T, Error<E>>,
) -> Outcome {
    let refusal = refusal(name, answer)?;
    step(
        name,
        [
            check("status", refusal.status.as_u16(), status),
            check("first error", first_error_of(&refusal), Some(first_error)),
        ],
    )
}

fn refusal<T: Debug, E: TypedError>(name: &str, answer: Result<T, Error<E>>) -> Outcome<ResponseContent<E>> {
    match answer {
        Err(Error::ResponseError(content)) => Ok(content),
        other => Err(format!("{name}: expected a refusal, got {other:?}")),
    }
}

fn first_error_of<E: TypedError>(refusal: &ResponseContent<E>) -> Option<&str> {
    refusal.entity.as_ref()?.errors()?.first().map(String::as_str)
}

/// The client has a type of errors for each call, all of them alike.
trait TypedError: Debug {
    /// What the answer says, if the client could parse it.
    fn errors(&self) -> Option<&[String]>;
}

macro_rules! typed_errors {
    ($($name:ident)+) => {
        $(impl TypedError for $name {
            fn errors(&self) -> Option<&[String]> {
                match self {
                    Self::APIErrorResponse(response) => Some(&response.errors),
                    Self::UnknownValue(_) => None,
                }
            }
        })+
    };
}

typed_errors! { CreateOrgConnectionsError DeleteOrgConnectionsError ListOrgConnectionsError UpdateOrgConnectionsError }

/// Keeps the headers of the latest answer: the client's errors don't carry them, but it takes a transport of ours.
#[derive(Clone, Default)]
struct LatestHeaders(Arc<Mutex<HeaderMap>>);

impl LatestHeaders {
    /// What the latest answer says about a limit in one of its headers.
    fn limit(&self, name: &str) -> String {
        let headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = headers.get(format!("x-ratelimit-{name}")).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }
}

#[async_trait::async_trait]
impl Middleware for LatestHeaders {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let response = next.run(request, extensions).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(response.headers());
        Ok(response)
    }
}

/// A refused read: the moment before it, the refusal, and the seconds to wait.
struct Exhausted {
    started: Instant,
    refusal: ResponseContent<ListOrgConnectionsError>,
    reset: u64,
}

/// Reads until the limit is used up with more than a second to wait.
async fn exhausted(api: &OrgConnectionsAPI, headers: &LatestHeaders) -> Outcome<Exhausted> {
    for _ in 0..MOST_READS {
        let started = Instant::now();
        let answer = api.list_org_connections(ListOrgConnectionsOptionalParams::default()).await;
        if answer.is_ok() {
            continue;
        }
        let refusal = refusal("429", answer)?;
        let reset = headers.limit("reset");
        let reset = reset.parse().map_err(|error| format!("429: x-ratelimit-reset: {reset:?}: {error}"))?;
        if reset > 1 {
            return Ok(Exhausted { started, refusal, reset });
        }
        tokio::time::sleep(Duration::from_secs(reset)).await;
    }
    Err(format!("429: none of {MOST_READS} reads was refused; the server must have a small limit for them"))
}

async fn story() -> Outcome {
    let variable = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
    let sink = variable("SINK_ORG_ID")?;
    let admin = configuration(None, None)?;
    let api = OrgConnectionsAPI::with_config(admin.clone());
    let reader = OrgConnectionsAPI::with_config(configuration(None, Some(variable("DD_READER_APP_KEY")?))?);
    let sink_admin = OrgConnectionsAPI::with_config(configuration(
        Some(variable("DD_SINK_API_KEY")?),
        Some(variable("DD_SINK_APP_KEY")?),
    )?);
    let stranger = OrgConnectionsAPI::with_config(configuration(Some("0".repeat(32)), None)?);
    let all = ListOrgConnectionsOptionalParams::default;
    let both_orgs = ["Sink Org", "Source Org"];

    let answer = parsed("validate", AuthenticationAPI::with_config(admin.clone()).validate().await)?;
    step("validate", [check("valid", answer.valid, Some(true))])?;

    let organizations = OrganizationsAPI::with_config(admin.clone());
    let answer = parsed("managed orgs", organizations.list_orgs(ListOrgsOptionalParams::default()).await)?;
    let mut names: Vec<_> = answer.included.iter().map(|org| org.attributes.name.as_str()).collect();
    names.sort_unstable();
    step("managed orgs", [check("names", names, both_orgs)])?;

    let answer = parsed("orgs", OrganizationsAPIV1::with_config(admin.clone()).list_orgs().await)?;
    let mut names: Vec<_> = answer.orgs.iter().flatten().filter_map(|org| org.name.as_deref()).collect();
    names.sort_unstable();
    step("orgs", [check("names", names, both_orgs)])?;

    let list = parsed("first list", api.list_org_connections(all()).await)?;
    step("first list", [check("connections", list.data.len(), 0)])?;

    let created = parsed("create", api.create_org_connections(creation(&sink, &[LOGS])).await)?.data;
    let id = created.id;
    let source = created.relationships.source_org.and_then(|org| org.data);
    let sink_org = created.relationships.sink_org.and_then(|org| org.data);
    let creator = created.relationships.created_by.and_then(|user| user.data);
    step(
        "create",
        [
            check("types", created.attributes.connection_types, [LOGS]),
            check("source", source.as_ref().and_then(|org| org.name.as_deref()), Some("Source Org")),
            check("sink", sink_org.and_then(|org| org.id), Some(sink.clone())),
            check("creator", creator.and_then(|user| user.name).as_deref(), Some("Jane Doe")),
        ],
    )?;

    let updated = parsed("update", api.update_org_connections(id, update(id, &[LOGS, METRICS])).await)?.data;
    let sink_org = updated.relationships.sink_org.and_then(|org| org.data);
    step(
        "update",
        [
            check("types", updated.attributes.connection_types, [LOGS, METRICS]),
            check("creation", updated.attributes.created_at, created.attributes.created_at),
            check("sink", sink_org.and_then(|org| org.name).as_deref(), Some("Sink Org")),
        ],
    )?;

    let by_sink = all().sink_org_id(sink.clone()).limit(10).offset(0);
    let list = parsed("list by sink", reader.list_org_connections(by_sink).await)?;
    let page = list.meta.and_then(|meta| meta.page);
    step(
        "list by sink",
        [
            check("ids", list.data.iter().map(|connection| connection.id).collect::<Vec<_>>(), [id]),
            check("total", page.as_ref().and_then(|page| page.total_count), Some(1)),
            check("filtered", page.as_ref().and_then(|page| page.total_filtered_count), Some(1)),
        ],
    )?;

    let by_source = all().source_org_id(sink.clone());
    let list = parsed("list by source", reader.list_org_connections(by_source).await)?;
    let page = list.meta.and_then(|meta| meta.page);
    step(
        "list by source",
        [
            check("connections", list.data.len(), 0),
            check("total", page.as_ref().and_then(|page| page.total_count), Some(1)),
            check("filtered", page.as_ref().and_then(|page| page.total_filtered_count), Some(0)),
        ],
    )?;

    let answer = api.update_org_connections(id, update(id, &[LOGS, LOGS])).await;
    refused("400", 400, "Validation failed for input.", answer)?;
    let answer = stranger.list_org_connections(all()).await;
    refused("401", 401, "Unauthorized", answer)?;
    let answer = reader.update_org_connections(id, update(id, &[LOGS])).await;
    refused("403 without the scope", 403, "Forbidden", answer)?;
    let answer = sink_admin.update_org_connections(id, update(id, &[LOGS])).await;
    refused("403 from the sink", 403, "Forbidden", answer)?;
    let absent = Uuid::new_v4();
    let answer = api.update_org_connections(absent, update(absent, &[LOGS])).await;
    refused("404", 404, &format!("Org connection with id:{absent} not found not found"), answer)?;
    let source = source.and_then(|org| org.id).unwrap_or_default();
    let answer = api.create_org_connections(creation(&sink, &[LOGS])).await;
    refused("409", 409, &format!("connection between orgs {source} and {sink} already exists"), answer)?;

    parsed("delete", api.delete_org_connections(id).await)?;
    step("delete", [])?;
    let answer = api.delete_org_connections(id).await;
    refused("delete again", 404, &format!("org connection with id:{id} not found not found"), answer)?;
    let list = parsed("last list", api.list_org_connections(all()).await)?;
    step("last list", [check("connections", list.data.len(), 0)])?;

    let headers = LatestHeaders::default();
    let transport = ClientBuilder::new(reqwest::Client::new()).with(headers.clone()).build();
    let impatient = OrgConnectionsAPI::with_client_and_config(admin.clone(), transport);
    let Exhausted { started, refusal, reset } = exhausted(&impatient, &headers).await?;
    let [limit, period] = ["limit", "period"].map(|name| headers.limit(name));
    let first_error =
        format!("Rate limit of {limit} requests in {period} seconds reached. Please try again later.");
    step(
        "429",
        [
            check("status", refusal.status.as_u16(), 429),
            check("limit", headers.limit("name"), "org_connections_read"),
            check("remaining", headers.limit("remaining"), "0"),
            check("first error", first_error_of(&refusal), Some(first_error.as_str())),
        ],
    )?;

    // This client backs off by itself and reads no header, so it may come too early and must be let try again.
    let mut patient = admin;
    patient.set_retry(true, 10);
    let answer = OrgConnectionsAPI::with_config(patient).list_org_connections(all()).await;
    let waited = started.elapsed();
    let list = parsed("429 with retries", answer)?;
    // The header is rounded up to whole seconds.
    let shortest = Duration::from_secs(reset - 1);
    step(
        "429 with retries",
        [
            check("connections", list.data.len(), 0),
            check(format!("waited for {waited:?}, more than {shortest:?}"), waited > shortest, true),
        ],
    )
}

#[tokio::main]
async fn main() -> ExitCode {
    match story().await {
        Ok(()) => {
            println!("rust: every step went as expected");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
