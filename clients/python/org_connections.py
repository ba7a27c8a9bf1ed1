"""Lists, creates, updates and deletes an org connection with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY, DD_READER_APP_KEY (a key with the scope org_connections_read
alone) and SINK_ORG_ID. Says what it did, and stops with a non-zero status at the first wrong thing.
"""

from os import environ
from uuid import UUID, uuid4

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

LOGS = OrgConnectionTypeEnum.LOGS
METRICS = OrgConnectionTypeEnum.METRICS


def client(application_key, api_key=None):
    """A client whose only difference from one of the real service is its host."""
    configuration = Configuration(host=environ["ORGBRIDGE_URL"])
    configuration.api_key["apiKeyAuth"] = api_key or environ["DD_API_KEY"]
    configuration.api_key["appKeyAuth"] = application_key
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


def check(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")
    print(f"{what}: as expected")


def parsed(what, answer):
    """Every part of an answer must fit the client's own models."""
    if answer._unparsed:
        raise SystemExit(f"{what}: the client could not parse a part of {answer}")
    return answer


def refused(what, status, first_error, call):
    """The call must be refused with `status`, and the client must be able to read why."""
    try:
        answer = call()
    except ApiException as error:
        check(f"{what}: status", error.status, status)
        check(f"{what}: first error", error.body["errors"][0], first_error)
        return
    raise SystemExit(f"{what}: expected {status}, got {answer}")


def main():
    sink = environ["SINK_ORG_ID"]
    with client(environ["DD_APP_KEY"]) as admin_client, client(environ["DD_READER_APP_KEY"]) as reader_client:
        check("validate", parsed("validate", AuthenticationApi(admin_client).validate()).valid, True)
        managed = parsed("managed orgs", OrganizationsApi(admin_client).list_orgs())
        names = sorted(org.attributes.name for org in managed.included)
        check("managed orgs", names, ["Sink Org", "Source Org"])
        orgs = parsed("orgs", OrganizationsApiV1(admin_client).list_orgs())
        check("orgs", sorted(org.name for org in orgs.orgs), ["Sink Org", "Source Org"])

        api = OrgConnectionsApi(admin_client)
        reader = OrgConnectionsApi(reader_client)
        check("first list", len(parsed("first list", api.list_org_connections()).data), 0)

        created = parsed("create", api.create_org_connections(body=creation(sink, [LOGS]))).data
        check("create: sink", created.relationships.sink_org.data.id, sink)
        check("create: names", created.relationships.source_org.data.name, "Source Org")
        check("create: types", created.attributes.connection_types, [LOGS])

        updated = parsed("update", api.update_org_connections(created.id, update(created.id, [LOGS, METRICS]))).data
        check("update: types", updated.attributes.connection_types, [LOGS, METRICS])
        check("update: creation", updated.attributes.created_at, created.attributes.created_at)

        listed = parsed("list", reader.list_org_connections(sink_org_id=sink, limit=10, offset=0))
        check("list: ids", [item.id for item in listed.data], [created.id])
        check("list: total", listed.meta.page.total_count, 1)
        check("list: filtered", listed.meta.page.total_filtered_count, 1)
        elsewhere = parsed("list elsewhere", reader.list_org_connections(source_org_id=sink))
        check("list elsewhere: filtered", elsewhere.meta.page.total_filtered_count, 0)

        refused("409", 409,
                f"connection between orgs {created.relationships.source_org.data.id} and {sink} already exists",
                lambda: api.create_org_connections(body=creation(sink, [LOGS])))
        refused("400", 400, "Validation failed for input.",
                lambda: api.update_org_connections(created.id, update(created.id, [LOGS, LOGS])))
        refused("403", 403, "Forbidden",
                lambda: reader.update_org_connections(created.id, update(created.id, [LOGS])))
        with client(environ["DD_APP_KEY"], api_key="0" * 32) as stranger:
            refused("401", 401, "Unauthorized", OrgConnectionsApi(stranger).list_org_connections)
        absent = uuid4()
        refused("404", 404, f"Org connection with id:{absent} not found not found",
                lambda: api.update_org_connections(absent, update(absent, [LOGS])))

        api.delete_org_connections(UUID(str(created.id)))
        check("last list", len(parsed("last list", api.list_org_connections()).data), 0)
    print("python: every call was answered as expected")


if __name__ == "__main__":
    main()
