import com.datadog.api.client.ApiClient;
import com.datadog.api.client.ApiException;
import com.datadog.api.client.v1.api.AuthenticationApi;
import com.datadog.api.client.v1.api.OrganizationsApi;
import com.datadog.api.client.v1.model.Organization;
import com.datadog.api.client.v2.api.OrgConnectionsApi;
import com.datadog.api.client.v2.api.OrgConnectionsApi.ListOrgConnectionsOptionalParameters;
import com.datadog.api.client.v2.model.OrgConnection;
import com.datadog.api.client.v2.model.OrgConnectionCreate;
import com.datadog.api.client.v2.model.OrgConnectionCreateAttributes;
import com.datadog.api.client.v2.model.OrgConnectionCreateRelationships;
import com.datadog.api.client.v2.model.OrgConnectionCreateRequest;
import com.datadog.api.client.v2.model.OrgConnectionOrgRelationship;
import com.datadog.api.client.v2.model.OrgConnectionOrgRelationshipData;
import com.datadog.api.client.v2.model.OrgConnectionOrgRelationshipDataType;
import com.datadog.api.client.v2.model.OrgConnectionType;
import com.datadog.api.client.v2.model.OrgConnectionTypeEnum;
import com.datadog.api.client.v2.model.OrgConnectionUpdate;
import com.datadog.api.client.v2.model.OrgConnectionUpdateAttributes;
import com.datadog.api.client.v2.model.OrgConnectionUpdateRequest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.ws.rs.core.GenericType;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.StreamSupport;

/**
 * Lists, creates, updates and deletes an org connection with the official Java client.
 *
 * <p>The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops with
 * a non-zero status at the first wrong thing.
 */
public final class OrgConnections {
  private static final OrgConnectionTypeEnum LOGS = OrgConnectionTypeEnum.LOGS;
  private static final OrgConnectionTypeEnum METRICS = OrgConnectionTypeEnum.METRICS;
  private static final List<String> NAMES = List.of("Sink Org", "Source Org");

  /** More reads than the limit of the server takes; see clients/README.md. */
  private static final int MOST_READS = 500;

  /**
   * A client whose only difference from one of the real service is its host. Where ORGBRIDGE_URL is not set there is no
   * difference at all: the client finds its site by itself. A key that is null is taken from DD_API_KEY or DD_APP_KEY.
   */
  private static ApiClient client(String apiKey, String applicationKey) {
    // Only the default client reads the environment, and there is one of it until it is taken away.
    ApiClient.setDefaultApiClient(null);
    ApiClient client = ApiClient.getDefaultApiClient();
    String address = System.getenv("ORGBRIDGE_URL");
    if (address != null && !address.isEmpty()) {
      URI server = URI.create(address);
      client.setServerIndex(1);
      client.setServerVariables(Map.of("protocol", server.getScheme(), "name", server.getAuthority()));
    }
    Map<String, String> keys = new HashMap<>();
    if (apiKey != null) {
      keys.put("apiKeyAuth", apiKey);
    }
    if (applicationKey != null) {
      keys.put("appKeyAuth", applicationKey);
    }
    client.configureApiKeys(keys);
    return client;
  }

  private static OrgConnectionCreateRequest creation(String sink, OrgConnectionTypeEnum... types) {
    OrgConnectionOrgRelationshipData data =
        new OrgConnectionOrgRelationshipData().type(OrgConnectionOrgRelationshipDataType.ORGS).id(sink);
    return new OrgConnectionCreateRequest(
        new OrgConnectionCreate(
            new OrgConnectionCreateAttributes(List.of(types)),
            new OrgConnectionCreateRelationships(new OrgConnectionOrgRelationship().data(data)),
            OrgConnectionType.ORG_CONNECTION));
  }

  private static OrgConnectionUpdateRequest update(UUID id, OrgConnectionTypeEnum... types) {
    return new OrgConnectionUpdateRequest(
        new OrgConnectionUpdate(
            new OrgConnectionUpdateAttributes(List.of(types)), id, OrgConnectionType.ORG_CONNECTION));
  }

  /** What ends the program: the first thing that was not as expected. */
  private static final class Wrong extends RuntimeException {
    Wrong(String text) {
      super(text);
    }
  }

  /** One thing that a step looks at. */
  private record Check(String what, Object actual, Object expected) {}

  private static Check check(String what, Object actual, Object expected) {
    return new Check(what, actual, expected);
  }

  /** Says that a step went well, if each of its checks finds what it expects. */
  private static void step(String name, Check... checks) {
    for (Check check : checks) {
      if (!Objects.equals(check.actual(), check.expected())) {
        throw new Wrong(
            name + ": " + check.what() + ": expected " + check.expected() + ", got " + check.actual());
      }
    }
    System.out.println(name + ": as expected");
  }

  /** Every part of an answer must fit the client's own models. */
  private static Check isParsed(boolean unparsed) {
    return check("parts that the client could not parse", unparsed, false);
  }

  /** A call that the client may answer with its exception. */
  private interface Call {
    Object make() throws ApiException;
  }

  /** The call must be refused with a status, and the client must be able to read why. */
  private static void refused(String name, int status, String firstError, Call call) throws Exception {
    Object answer;
    try {
      answer = call.make();
    } catch (ApiException refusal) {
      step(
          name,
          check("status", refusal.getCode(), status),
          check("first error", firstErrorOf(refusal), firstError));
      return;
    }
    throw new Wrong(name + ": expected " + status + ", got " + answer);
  }

  /** The client gives the body of a refusal as text. */
  private static String firstErrorOf(ApiException refusal) throws Exception {
    return new ObjectMapper().readTree(refusal.getResponseBody()).path("errors").path(0).asText();
  }

  /** What a refusal says about a limit in one of its headers. The client keeps their names as they were sent. */
  private static String limit(ApiException refusal, String name) {
    return refusal.getResponseHeaders().getOrDefault("x-ratelimit-" + name, List.of("")).get(0);
  }

  /** A refused read: the moment before it in nanoseconds, the refusal, and the seconds to wait. */
  private record Exhausted(long started, ApiException refusal, int reset) {}

  /** Reads until the limit is used up with more than a second to wait. */
  private static Exhausted exhausted(OrgConnectionsApi api) throws Exception {
    for (int read = 0; read < MOST_READS; read++) {
      long started = System.nanoTime();
      try {
        api.listOrgConnections();
      } catch (ApiException refusal) {
        int reset = Integer.parseInt(limit(refusal, "reset"));
        if (reset > 1) {
          return new Exhausted(started, refusal, reset);
        }
        Thread.sleep(reset * 1000L);
      }
    }
    throw new Wrong(
        "429: none of " + MOST_READS + " reads was refused; the server must have a small limit for them");
  }

  /** The names of the managed orgs. This version of the client has no model for them, so it gives them as JSON. */
  private static List<String> managedOrgs(ApiClient client) throws ApiException {
    String[] json = {"application/json"};
    String[] keys = {"apiKeyAuth", "appKeyAuth"};
    var builder =
        client.createBuilder(
            "v2.OrganizationsApi.listOrgs", "/api/v2/org", List.of(), new HashMap<>(), new HashMap<>(), json, keys);
    JsonNode answer =
        client
            .invokeAPI(
                "GET",
                builder,
                new HashMap<>(),
                new String[] {},
                null,
                new HashMap<>(),
                false,
                new GenericType<JsonNode>() {})
            .getData();
    return StreamSupport.stream(answer.path("included").spliterator(), false)
        .map(org -> org.path("attributes").path("name").asText())
        .sorted()
        .toList();
  }

  private static void story() throws Exception {
    String sink = System.getenv("SINK_ORG_ID");
    ApiClient admin = client(null, null);
    OrgConnectionsApi api = new OrgConnectionsApi(admin);
    OrgConnectionsApi reader = new OrgConnectionsApi(client(null, System.getenv("DD_READER_APP_KEY")));
    OrgConnectionsApi sinkAdmin =
        new OrgConnectionsApi(client(System.getenv("DD_SINK_API_KEY"), System.getenv("DD_SINK_APP_KEY")));
    OrgConnectionsApi stranger = new OrgConnectionsApi(client("0".repeat(32), null));
    ApiClient patient = client(null, null);
    patient.enableRetry(true);

    var validation = new AuthenticationApi(admin).validate();
    step("validate", isParsed(validation.unparsed), check("valid", validation.getValid(), true));

    step("managed orgs", check("names", managedOrgs(admin), NAMES));

    var orgs = new OrganizationsApi(admin).listOrgs();
    List<String> names = orgs.getOrgs().stream().map(Organization::getName).sorted().toList();
    step("orgs", isParsed(orgs.unparsed), check("names", names, NAMES));

    var list = api.listOrgConnections();
    step("first list", isParsed(list.unparsed), check("connections", list.getData().size(), 0));

    var answer = api.createOrgConnections(creation(sink, LOGS));
    OrgConnection created = answer.getData();
    OrgConnectionOrgRelationshipData source = created.getRelationships().getSourceOrg().getData();
    step(
        "create",
        isParsed(answer.unparsed),
        check("types", created.getAttributes().getConnectionTypes(), List.of(LOGS)),
        check("source", source.getName(), "Source Org"),
        check("sink", created.getRelationships().getSinkOrg().getData().getId(), sink),
        check("creator", created.getRelationships().getCreatedBy().getData().getName(), "Jane Doe"));
    UUID id = created.getId();

    answer = api.updateOrgConnections(id, update(id, LOGS, METRICS));
    OrgConnection updated = answer.getData();
    step(
        "update",
        isParsed(answer.unparsed),
        check("types", updated.getAttributes().getConnectionTypes(), List.of(LOGS, METRICS)),
        check("creation", updated.getAttributes().getCreatedAt(), created.getAttributes().getCreatedAt()),
        check("sink", updated.getRelationships().getSinkOrg().getData().getName(), "Sink Org"));

    list = reader.listOrgConnections(
        new ListOrgConnectionsOptionalParameters().sinkOrgId(sink).limit(10L).offset(0L));
    step(
        "list by sink",
        isParsed(list.unparsed),
        check("ids", list.getData().stream().map(OrgConnection::getId).toList(), List.of(id)),
        check("total", list.getMeta().getPage().getTotalCount(), 1L),
        check("filtered", list.getMeta().getPage().getTotalFilteredCount(), 1L));

    list = reader.listOrgConnections(new ListOrgConnectionsOptionalParameters().sourceOrgId(sink));
    step(
        "list by source",
        isParsed(list.unparsed),
        check("connections", list.getData().size(), 0),
        check("total", list.getMeta().getPage().getTotalCount(), 1L),
        check("filtered", list.getMeta().getPage().getTotalFilteredCount(), 0L));

    refused("400", 400, "Validation failed for input.", () -> api.updateOrgConnections(id, update(id, LOGS, LOGS)));
    refused("401", 401, "Unauthorized", stranger::listOrgConnections);
    refused("403 without the scope", 403, "Forbidden", () -> reader.updateOrgConnections(id, update(id, LOGS)));
    refused("403 from the sink", 403, "Forbidden", () -> sinkAdmin.updateOrgConnections(id, update(id, LOGS)));
    UUID absent = UUID.randomUUID();
    refused(
        "404",
        404,
        "Org connection with id:" + absent + " not found not found",
        () -> api.updateOrgConnections(absent, update(absent, LOGS)));
    refused(
        "409",
        409,
        "connection between orgs " + source.getId() + " and " + sink + " already exists",
        () -> api.createOrgConnections(creation(sink, LOGS)));

    api.deleteOrgConnections(id);
    step("delete");
    refused(
        "delete again",
        404,
        "org connection with id:" + id + " not found not found",
        () -> api.deleteOrgConnectionsWithHttpInfo(id));
    list = api.listOrgConnections();
    step("last list", isParsed(list.unparsed), check("connections", list.getData().size(), 0));

    Exhausted exhausted = exhausted(api);
    ApiException refusal = exhausted.refusal();
    step(
        "429",
        check("status", refusal.getCode(), 429),
        check("limit", limit(refusal, "name"), "org_connections_read"),
        check("remaining", limit(refusal, "remaining"), "0"),
        check(
            "first error",
            firstErrorOf(refusal),
            "Rate limit of " + limit(refusal, "limit") + " requests in " + limit(refusal, "period")
                + " seconds reached. Please try again later."));

    list = new OrgConnectionsApi(patient).listOrgConnections();
    Duration waited = Duration.ofNanos(System.nanoTime() - exhausted.started());
    // The header is rounded up to whole seconds.
    Duration shortest = Duration.ofSeconds(exhausted.reset() - 1);
    step(
        "429 with retries",
        isParsed(list.unparsed),
        check("connections", list.getData().size(), 0),
        check("waited for " + waited + ", more than " + shortest, waited.compareTo(shortest) > 0, true));
    System.out.println("java: every step went as expected");
  }

  public static void main(String[] arguments) {
    try {
      story();
    } catch (Exception problem) {
      System.err.println(problem instanceof Wrong ? problem.getMessage() : problem);
      System.exit(1);
    }
  }
}
