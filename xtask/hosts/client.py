"""Asks the real host of a site with the official Python client as it comes: nothing here names a server.

The client reads DD_SITE, DD_API_KEY and DD_APP_KEY by itself. This reads SOURCE_ORG_ID beside them.
"""

from os import environ

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v2.api.org_connections_api import OrgConnectionsApi
from datadog_api_client.v2.api.organizations_api import OrganizationsApi


def check(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")
    print(f"{what}: as expected")


def main():
    with ApiClient(Configuration()) as client:
        check("validate", AuthenticationApi(client).validate().valid, True)
        orgs = OrganizationsApi(client).list_orgs()
        check("current org", str(orgs.data.relationships.current_org.data.id), environ["SOURCE_ORG_ID"])
        check("orgs of the site", sorted(org.attributes.name for org in orgs.included), ["Sink Org", "Source Org"])
        check("connections", len(OrgConnectionsApi(client).list_org_connections().data), 0)


if __name__ == "__main__":
    main()
