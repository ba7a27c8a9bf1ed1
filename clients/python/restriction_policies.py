"""Says who may see, use and edit an org connection, with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY, DD_READER_APP_KEY (a key with the scope org_connections_read alone),
DD_SINK_API_KEY, DD_SINK_APP_KEY and SINK_ORG_ID. Says what it did, and stops with a non-zero status at the first wrong
thing.
"""

from os import environ
from uuid import uuid4

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v2.api.org_connections_api import OrgConnectionsApi
from datadog_api_client.v2.api.restriction_policies_api import RestrictionPoliciesApi
from datadog_api_client.v2.api.users_api import UsersApi
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
from datadog_api_client.v2.model.restriction_policy import RestrictionPolicy
from datadog_api_client.v2.model.restriction_policy_attributes import RestrictionPolicyAttributes
from datadog_api_client.v2.model.restriction_policy_binding import RestrictionPolicyBinding
from datadog_api_client.v2.model.restriction_policy_type import RestrictionPolicyType
from datadog_api_client.v2.model.restriction_policy_update_request import RestrictionPolicyUpdateRequest


def client(api_key, application_key):
    """A client whose only difference from one of the real service is its host."""
    configuration = Configuration(host=environ["ORGBRIDGE_URL"])
    configuration.api_key["apiKeyAuth"] = environ[api_key]
    configuration.api_key["appKeyAuth"] = environ[application_key]
    return ApiClient(configuration)


def creation(sink):
    org = OrgConnectionOrgRelationshipData(type=OrgConnectionOrgRelationshipDataType.ORGS, id=sink, name="")
    return OrgConnectionCreateRequest(
        data=OrgConnectionCreate(
            type=OrgConnectionType.ORG_CONNECTION,
            attributes=OrgConnectionCreateAttributes(connection_types=[OrgConnectionTypeEnum.LOGS]),
            relationships=OrgConnectionCreateRelationships(sink_org=OrgConnectionOrgRelationship(data=org)),
        )
    )


def policy(resource, **bindings):
    """Each relation with those whom it binds."""
    bound = [RestrictionPolicyBinding(relation=relation, principals=who) for relation, who in bindings.items()]
    return RestrictionPolicyUpdateRequest(
        data=RestrictionPolicy(
            type=RestrictionPolicyType.RESTRICTION_POLICY,
            id=resource,
            attributes=RestrictionPolicyAttributes(bindings=bound),
        )
    )


def check(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")
    print(f"{what}: as expected")


def parsed(what, answer):
    """Every part of an answer must fit the client's own models."""
    parts = [answer]
    while parts:
        part = parts.pop()
        if isinstance(part, (list, tuple)):
            parts.extend(part)
        elif hasattr(part, "_unparsed"):
            if part._unparsed:
                raise SystemExit(f"{what}: the client could not parse {part}")
            parts.extend(getattr(part, "_data_store", {}).values())
            if getattr(part, "_composed_instances", None):
                parts.extend(part._composed_instances)
    return answer


def said(what, answer):
    """What a policy says, by relation."""
    bindings = parsed(what, answer).data.attributes.bindings
    return {binding.relation: list(binding.principals) for binding in bindings}


def refused(what, status, first_error, call):
    """The call must be refused with `status`, and the client must be able to read why."""
    try:
        answer = call()
    except ApiException as error:
        check(f"{what}: status", error.status, status)
        check(f"{what}: first error", error.body["errors"][0], first_error)
        return
    raise SystemExit(f"{what}: expected {status}, got {answer}")


def count(connections):
    return parsed("list", connections.list_org_connections()).meta.page.total_count


def main():
    with (
        client("DD_API_KEY", "DD_APP_KEY") as source,
        client("DD_API_KEY", "DD_READER_APP_KEY") as reader,
        client("DD_SINK_API_KEY", "DD_SINK_APP_KEY") as sink,
    ):
        connections, seen = OrgConnectionsApi(source), OrgConnectionsApi(reader)
        policies, of_sink = RestrictionPoliciesApi(source), RestrictionPoliciesApi(sink)
        caller = UsersApi(source).list_users(filter="jane@example.com").data[0]
        jane, org = f"user:{caller.id}", f"org:{caller.relationships.org.data.id}"
        shared = connections.create_org_connections(body=creation(environ["SINK_ORG_ID"])).data.id
        resource = f"cross-org-connection:{shared}"

        check("no policy", said("no policy", policies.get_restriction_policy(resource)), {})
        both = policy(resource, viewer=[org], editor=[jane])
        replaced = policies.update_restriction_policy(resource, both)
        check("replace", said("replace", replaced), {"viewer": [org], "editor": [jane]})
        check("replace: id", replaced.data.id, resource)
        shown = said("policy", policies.get_restriction_policy(resource))
        check("policy", shown, {"viewer": [org], "editor": [jane]})
        check("policy of the sink", said("policy of the sink", of_sink.get_restriction_policy(resource)), {})
        check("a viewer's list", count(seen), 1)

        nobody = policy(resource, editor=[])
        refused("400 lockout", 400, "you would lock yourself out of the connection",
                lambda: policies.update_restriction_policy(resource, nobody))
        refused("400 lockout, said", 400, "you would lock yourself out of the connection",
                lambda: policies.update_restriction_policy(resource, nobody, allow_self_lockout=False))
        locked = policies.update_restriction_policy(resource, nobody, allow_self_lockout=True)
        check("lock out", said("lock out", locked), {"editor": []})
        check("the list of who is not bound", count(seen), 0)
        refused("404 who is not bound", 404, f"Org connection with id:{shared} not found not found",
                lambda: RestrictionPoliciesApi(reader).get_restriction_policy(resource))
        refused("403 delete connection", 403, "Forbidden", lambda: connections.delete_org_connections(shared))
        check("who manages access", count(connections), 1)

        refused("400 stranger", 400, "Validation failed for input.",
                lambda: policies.update_restriction_policy(resource, policy(resource, editor=[f"user:{uuid4()}"])))
        refused("400 team", 400, "Validation failed for input.",
                lambda: policies.update_restriction_policy(resource, policy(resource, editor=[f"team:{uuid4()}"])))
        refused("400 kind", 400, "Validation failed for input.",
                lambda: policies.get_restriction_policy("dashboard:abc-def-ghi"))
        absent = f"cross-org-connection:{uuid4()}"
        refused("404", 404, f"Org connection with id:{absent.split(':')[1]} not found not found",
                lambda: policies.get_restriction_policy(absent))
        refused("403", 403, "Forbidden",
                lambda: RestrictionPoliciesApi(reader).update_restriction_policy(resource, both))

        policies.delete_restriction_policy(resource)
        check("taken back", said("taken back", policies.get_restriction_policy(resource)), {})
        check("everybody's list", count(seen), 1)
        connections.delete_org_connections(shared)
    print("python: every call about restriction policies was answered as expected")


if __name__ == "__main__":
    main()
