"""Says who may see, use and edit an org connection, with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY, DD_READER_APP_KEY (a key with the scope org_connections_read alone),
DD_SINK_API_KEY, DD_SINK_APP_KEY and SINK_ORG_ID. Says what it did, and stops with a non-zero status at the first wrong
thing.
"""

from os import environ
from uuid import uuid4

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

from expectations import check, client, parsed, refused


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


def said(what, answer):
    """What a policy says, by relation."""
    bindings = parsed(what, answer).data.attributes.bindings
    return {binding.relation: list(binding.principals) for binding in bindings}


def count(connections):
    return parsed("list", connections.list_org_connections()).meta.page.total_count


def main():
    with (
        client() as source,
        client(environ["DD_READER_APP_KEY"]) as reader,
        client(environ["DD_SINK_APP_KEY"], environ["DD_SINK_API_KEY"]) as sink,
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
