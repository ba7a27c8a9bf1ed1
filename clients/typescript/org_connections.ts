// Lists, creates, updates and deletes an org connection with the official TypeScript client.
//
// The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops with
// a non-zero status at the first wrong thing.

import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { client, v1, v2 } from "@datadog/datadog-api-client";

// More reads than the limit of the server takes; see clients/README.md.
const MOST_READS = 500;

/** The client's own transport, which also keeps the latest answer's headers: the client's errors don't carry them. */
class Transport extends client.IsomorphicFetchHttpLibrary {
  headers: { [name: string]: string } = {};

  override async send(request: client.RequestContext): Promise<client.ResponseContext> {
    const response = await super.send(request);
    this.headers = response.headers;
    return response;
  }
}

interface Caller {
  apiKey?: string;
  applicationKey?: string;
  enableRetry?: boolean;
  httpApi?: Transport;
}

/**
 * A client whose only difference from one of the real service is its host. Where ORGBRIDGE_URL is not set there is no
 * difference at all: the client finds its site by itself. A key that is left out is taken from DD_API_KEY or
 * DD_APP_KEY.
 */
function configurationOf({ apiKey, applicationKey, enableRetry, httpApi }: Caller): client.Configuration {
  const authMethods = {
    ...(apiKey !== undefined && { apiKeyAuth: apiKey }),
    ...(applicationKey !== undefined && { appKeyAuth: applicationKey }),
  };
  const address = process.env.ORGBRIDGE_URL;
  const serverIndex = address ? 1 : 0;
  const configuration = client.createConfiguration({ serverIndex, authMethods, enableRetry, httpApi });
  if (address) {
    const { protocol, host } = new URL(address);
    configuration.setServerVariables({ protocol: protocol.replace(":", ""), name: host });
  }
  return configuration;
}

function connectionsOf(caller: Caller): v2.OrgConnectionsApi {
  return new v2.OrgConnectionsApi(configurationOf(caller));
}

function creation(
  sink: string,
  connectionTypes: v2.OrgConnectionTypeEnum[],
): v2.OrgConnectionsApiCreateOrgConnectionsRequest {
  return {
    body: {
      data: {
        type: "org_connection",
        attributes: { connectionTypes },
        relationships: { sinkOrg: { data: { type: "orgs", id: sink } } },
      },
    },
  };
}

function update(
  connectionId: string,
  connectionTypes: v2.OrgConnectionTypeEnum[],
): v2.OrgConnectionsApiUpdateOrgConnectionsRequest {
  return {
    connectionId,
    body: { data: { type: "org_connection", id: connectionId, attributes: { connectionTypes } } },
  };
}

/** One thing that a step looks at: what it is, what it was and what it should be. */
type Check = [what: string, actual: unknown, expected: unknown];

/** Says that a step went well, if each of its checks finds what it expects. */
function step(name: string, ...checks: Check[]): void {
  for (const [what, actual, expected] of checks) {
    if (!isDeepStrictEqual(actual, expected)) {
      throw new Error(`${name}: ${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    }
  }
  console.log(`${name}: as expected`);
}

/** Every part of an answer must fit the client's own models. */
function parsed<T extends { _unparsed?: boolean }>(name: string, answer: T): T {
  if (answer._unparsed) {
    throw new Error(`${name}: the client could not parse a part of ${JSON.stringify(answer)}`);
  }
  return answer;
}

/** The call must be refused with `status`, and the client must be able to read why. */
async function refused(name: string, status: number, firstError: string, call: Promise<unknown>): Promise<void> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    const refusal = asRefusal(error);
    step(name, ["status", refusal.code, status], ["first error", refusal.body.errors[0], firstError]);
    return;
  }
  throw new Error(`${name}: expected ${status}, got ${JSON.stringify(answer)}`);
}

/** The client's error for an answer that is a refusal. Whatever else went wrong is thrown on. */
function asRefusal(error: unknown): client.ApiException<v2.APIErrorResponse> {
  if (error instanceof client.ApiException) {
    return error;
  }
  throw error;
}

/**
 * Reads until the limit is used up with more than a second to wait. Gives the moment before the refused read, the
 * refusal, and the headers that came with it.
 */
async function exhausted() {
  const httpApi = new Transport();
  const api = connectionsOf({ httpApi });
  for (let read = 0; read < MOST_READS; read++) {
    const started = performance.now();
    try {
      await api.listOrgConnections();
    } catch (error) {
      const refusal = asRefusal(error);
      const reset = Number(httpApi.headers["x-ratelimit-reset"]);
      if (reset > 1) {
        return { started, refusal, headers: httpApi.headers, reset };
      }
      await new Promise((resolve) => setTimeout(resolve, reset * 1000));
    }
  }
  throw new Error(`429: none of ${MOST_READS} reads was refused; the server must have a small limit for them`);
}

async function main(): Promise<void> {
  const sink = process.env.SINK_ORG_ID ?? "";
  const admin = configurationOf({});
  const api = connectionsOf({});
  const reader = connectionsOf({ applicationKey: process.env.DD_READER_APP_KEY });
  const sinkAdmin = connectionsOf({
    apiKey: process.env.DD_SINK_API_KEY,
    applicationKey: process.env.DD_SINK_APP_KEY,
  });
  const stranger = connectionsOf({ apiKey: "0".repeat(32) });
  const patient = connectionsOf({ enableRetry: true });

  const validation = parsed("validate", await new v1.AuthenticationApi(admin).validate());
  step("validate", ["valid", validation.valid, true]);

  const managed = parsed("managed orgs", await new v2.OrganizationsApi(admin).listOrgs());
  const managedNames = managed.included.map((org) => org.attributes.name).sort();
  step("managed orgs", ["names", managedNames, ["Sink Org", "Source Org"]]);

  const orgs = parsed("orgs", await new v1.OrganizationsApi(admin).listOrgs());
  step("orgs", ["names", orgs.orgs?.map((org) => org.name).sort(), ["Sink Org", "Source Org"]]);

  const first = parsed("first list", await api.listOrgConnections());
  step("first list", ["connections", first.data.length, 0]);

  const created = parsed("create", await api.createOrgConnections(creation(sink, ["logs"]))).data;
  const source = created.relationships.sourceOrg?.data;
  step(
    "create",
    ["types", created.attributes.connectionTypes, ["logs"]],
    ["source", source?.name, "Source Org"],
    ["sink", created.relationships.sinkOrg?.data?.id, sink],
    ["creator", created.relationships.createdBy?.data?.name, "Jane Doe"],
  );

  const updated = parsed("update", await api.updateOrgConnections(update(created.id, ["logs", "metrics"]))).data;
  step(
    "update",
    ["types", updated.attributes.connectionTypes, ["logs", "metrics"]],
    ["creation", updated.attributes.createdAt, created.attributes.createdAt],
    ["sink", updated.relationships.sinkOrg?.data?.name, "Sink Org"],
  );

  const bySink = parsed("list by sink", await reader.listOrgConnections({ sinkOrgId: sink, limit: 10, offset: 0 }));
  step(
    "list by sink",
    ["ids", bySink.data.map((connection) => connection.id), [created.id]],
    ["total", bySink.meta?.page?.totalCount, 1],
    ["filtered", bySink.meta?.page?.totalFilteredCount, 1],
  );

  const bySource = parsed("list by source", await reader.listOrgConnections({ sourceOrgId: sink }));
  step(
    "list by source",
    ["connections", bySource.data.length, 0],
    ["total", bySource.meta?.page?.totalCount, 1],
    ["filtered", bySource.meta?.page?.totalFilteredCount, 0],
  );

  await refused("400", 400, "Validation failed for input.",
    api.updateOrgConnections(update(created.id, ["logs", "logs"])));
  await refused("401", 401, "Unauthorized", stranger.listOrgConnections());
  await refused("403 without the scope", 403, "Forbidden", reader.updateOrgConnections(update(created.id, ["logs"])));
  await refused("403 from the sink", 403, "Forbidden", sinkAdmin.updateOrgConnections(update(created.id, ["logs"])));
  const absent = randomUUID();
  await refused("404", 404, `Org connection with id:${absent} not found not found`,
    api.updateOrgConnections(update(absent, ["logs"])));
  await refused("409", 409, `connection between orgs ${source?.id} and ${sink} already exists`,
    api.createOrgConnections(creation(sink, ["logs"])));

  await api.deleteOrgConnections({ connectionId: created.id });
  step("delete");
  await refused("delete again", 404, `org connection with id:${created.id} not found not found`,
    api.deleteOrgConnections({ connectionId: created.id }));
  const last = parsed("last list", await api.listOrgConnections());
  step("last list", ["connections", last.data.length, 0]);

  const { started, refusal, headers, reset } = await exhausted();
  const limit = headers["x-ratelimit-limit"];
  const period = headers["x-ratelimit-period"];
  step(
    "429",
    ["status", refusal.code, 429],
    ["limit", headers["x-ratelimit-name"], "org_connections_read"],
    ["remaining", headers["x-ratelimit-remaining"], "0"],
    [
      "first error",
      refusal.body.errors[0],
      `Rate limit of ${limit} requests in ${period} seconds reached. Please try again later.`,
    ],
  );
  const afterwards = parsed("429 with retries", await patient.listOrgConnections());
  const waited = (performance.now() - started) / 1000;
  // The header is rounded up to whole seconds.
  const shortest = reset - 1;
  step(
    "429 with retries",
    ["connections", afterwards.data.length, 0],
    [`waited for ${waited} s, more than ${shortest} s`, waited > shortest, true],
  );
  console.log("typescript: every step went as expected");
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
