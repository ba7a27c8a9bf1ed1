"""Lists, creates, updates and deletes an org connection with the official Python client.

The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops
with a non-zero status at the first wrong thing.
"""

from os import environ
from time import monotonic, sleep
from uuid import uuid4

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.organizations_api import OrganizationsApi as OrganizationsApiV1
from datadog_api_client.v2.api.org_connections_api import OrgConnectionsApi
from datadog_api_client.v2.api.organizations_api import OrganizationsApi
from datadog_api_client.v2.model.org_connection_create import OrgConnectionCreate
from datadog_api_client.v2.model.org_connection_create_attributes import OrgConnectionCreateAttributes
from datadog_api_client.v2.model.org_connection_create_relationships import OrgConnectionCreateRelationships
from datadog_api_client.v2.model.org_connection_create_request import OrgConnectionCreateRequest
from datadog_api_client.v2.model.org_connection_org_relationship import OrgConnectionOrgRelationship
from datadog_api_client.v2.model.org_connection_org_relationship_data import OrgConnectionOrgRelationshipData
from datadog_api_client.v2.model.org_connection_org_relationship_data_type import (
    OrgConnectionOrgRelationshipDataType,
)
from datadog_api_client.v2.model.org_connection_type import OrgConnectionType
from datadog_api_client.v2.model.org_connection_type_enum import OrgConnectionTypeEnum
from datadog_api_client.v2.model.org_connection_update import OrgConnectionUpdate
from datadog_api_client.v2.model.org_connection_update_attributes import OrgConnectionUpdateAttributes
from datadog_api_client.v2.model.org_connection_update_request import OrgConnectionUpdateRequest
from urllib3.util import Retry

LOGS = OrgConnectionTypeEnum.LOGS
METRICS = OrgConnectionTypeEnum.METRICS

# More reads than the limit of the server takes; see clients/README.md.
MOST_READS = 500


def client(application_key=None, api_key=None, **settings):
    """A client whose only difference from one of the real service is its host.

    Where ORGBRIDGE_URL is not set there is no difference at all: the client finds its site by itself.
    """
    if environ.get("ORGBRIDGE_URL"):
        settings["host"] = environ["ORGBRIDGE_URL"]
    configuration = Configuration(**settings)
    if application_key:
        configuration.api_key["appKeyAuth"] = application_key
    if api_key:
        configuration.api_key["apiKeyAuth"] = api_key
    return ApiClient(configuration)


def creation(sink, types):
    return OrgConnectionCreateRequest(
        data=OrgConnectionCreate(
            type=OrgConnectionType.ORG_CONNECTION,
            attributes=OrgConnectionCreateAttributes(connection_types=types),
            relationships=OrgConnectionCreateRelationships(
                sink_org=OrgConnectionOrgRelationship(
                    data=OrgConnectionOrgRelationshipData(
                        type=OrgConnectionOrgRelationshipDataType.ORGS, id=sink, name=""
                    )
                )
            ),
        )
    )


def update(connection_id, types):
    return OrgConnectionUpdateRequest(
        data=OrgConnectionUpdate(
            type=OrgConnectionType.ORG_CONNECTION,
            id=connection_id,
            attributes=OrgConnectionUpdateAttributes(connection_types=types),
        )
    )


def step(name, *checks):
    """Says that a step went well, if each of its checks finds what it expects."""
    for what, actual, expected in checks:
        if actual != expected:
            raise SystemExit(f"{name}: {what}: expected {expected!r}, got {actual!r}")
    print(f"{name}: as expected", flush=True)


def parsed(name, answer):
    """Every part of an answer must fit the client's own models."""
    if answer._unparsed:
        raise SystemExit(f"{name}: the client could not parse a part of {answer}")
    return answer


def refused(name, status, first_error, call):
    """The call must be refused with `status`, and the client must be able to read why."""
    try:
        answer = call()
    except ApiException as error:
        step(name, ("status", error.status, status), ("first error", error.body["errors"][0], first_error))
        return
    raise SystemExit(f"{name}: expected {status}, got {answer}")


def exhausted(api):
    """Reads until the limit is used up with more than a second to wait.

    Gives the moment before the refused read and the refusal.
    """
    for _ in range(MOST_READS):
        started = monotonic()
        try:
            api.list_org_connections()
        except ApiException as refusal:
            reset = int(refusal.headers["x-ratelimit-reset"])
            if reset > 1:
                return started, refusal
            sleep(reset)
    raise SystemExit(f"429: none of {MOST_READS} reads was refused; the server must have a small limit for them")


def main():
    sink = environ["SINK_ORG_ID"]
    with (
        client() as admin,
        client(environ["DD_READER_APP_KEY"]) as reader,
        client(environ["DD_SINK_APP_KEY"], environ["DD_SINK_API_KEY"]) as sink_admin,
        client(api_key="0" * 32) as stranger,
        # Without a policy the client's own transport waits for the header Retry-After, whatever enable_retry says.
        client(retry_policy=Retry(0)) as impatient,
        client(enable_retry=True) as patient,
    ):
        api = OrgConnectionsApi(admin)
        reader_api = OrgConnectionsApi(reader)
        sink_api = OrgConnectionsApi(sink_admin)

        answer = parsed("validate", AuthenticationApi(admin).validate())
        step("validate", ("valid", answer.valid, True))
        answer = parsed("managed orgs", OrganizationsApi(admin).list_orgs())
        names = sorted(org.attributes.name for org in answer.included)
        step("managed orgs", ("names", names, ["Sink Org", "Source Org"]))
        answer = parsed("orgs", OrganizationsApiV1(admin).list_orgs())
        step("orgs", ("names", sorted(org.name for org in answer.orgs), ["Sink Org", "Source Org"]))

        answer = parsed("first list", api.list_org_connections())
        step("first list", ("connections", len(answer.data), 0))

        created = parsed("create", api.create_org_connections(body=creation(sink, [LOGS]))).data
        source = created.relationships.source_org.data
        step(
            "create",
            ("types", created.attributes.connection_types, [LOGS]),
            ("source", source.name, "Source Org"),
            ("sink", created.relationships.sink_org.data.id, sink),
            ("creator", created.relationships.created_by.data.name, "Jane Doe"),
        )

        updated = parsed("update", api.update_org_connections(created.id, update(created.id, [LOGS, METRICS]))).data
        step(
            "update",
            ("types", updated.attributes.connection_types, [LOGS, METRICS]),
            ("creation", updated.attributes.created_at, created.attributes.created_at),
            ("sink", updated.relationships.sink_org.data.name, "Sink Org"),
        )

        answer = parsed("list by sink", reader_api.list_org_connections(sink_org_id=sink, limit=10, offset=0))
        step(
            "list by sink",
            ("ids", [item.id for item in answer.data], [created.id]),
            ("total", answer.meta.page.total_count, 1),
            ("filtered", answer.meta.page.total_filtered_count, 1),
        )
        answer = parsed("list by source", reader_api.list_org_connections(source_org_id=sink))
        step(
            "list by source",
            ("connections", len(answer.data), 0),
            ("total", answer.meta.page.total_count, 1),
            ("filtered", answer.meta.page.total_filtered_count, 0),
        )

        refused("400", 400, "Validation failed for input.",
                lambda: api.update_org_connections(created.id, update(created.id, [LOGS, LOGS])))
        refused("401", 401, "Unauthorized", OrgConnectionsApi(stranger).list_org_connections)
        refused("403 without the scope", 403, "Forbidden",
                lambda: reader_api.update_org_connections(created.id, update(created.id, [LOGS])))
        refused("403 from the sink", 403, "Forbidden",
                lambda: sink_api.update_org_connections(created.id, update(created.id, [LOGS])))
        absent = uuid4()
        refused("404", 404, f"Org connection with id:{absent} not found not found",
                lambda: api.update_org_connections(absent, update(absent, [LOGS])))
        refused("409", 409, f"connection between orgs {source.id} and {sink} already exists",
                lambda: api.create_org_connections(body=creation(sink, [LOGS])))

        api.delete_org_connections(created.id)
        step("delete")
        refused("delete again", 404, f"org connection with id:{created.id} not found not found",
                lambda: api.delete_org_connections(created.id))
        answer = parsed("last list", api.list_org_connections())
        step("last list", ("connections", len(answer.data), 0))

        started, refusal = exhausted(OrgConnectionsApi(impatient))
        limits = {name: refusal.headers[f"x-ratelimit-{name}"] for name in ["limit", "period", "remaining", "name"]}
        step(
            "429",
            ("status", refusal.status, 429),
            ("limit", limits["name"], "org_connections_read"),
            ("remaining", limits["remaining"], "0"),
            (
                "first error",
                refusal.body["errors"][0],
                f"Rate limit of {limits['limit']} requests in {limits['period']} seconds reached. "
                "Please try again later.",
            ),
        )
        answer = parsed("429 with retries", OrgConnectionsApi(patient).list_org_connections())
        waited = monotonic() - started
        # The header is rounded up to whole seconds.
        shortest = int(refusal.headers["x-ratelimit-reset"]) - 1
        step(
            "429 with retries",
            ("connections", len(answer.data), 0),
            (f"waited for {waited} s, more than {shortest} s", waited > shortest, True),
        )
    print("python: every step went as expected")


if __name__ == "__main__":
    main()
