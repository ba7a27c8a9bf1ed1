"""Manages API keys, application keys, those of service accounts, and orgs with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY and DD_READER_APP_KEY (a key with the scope org_connections_read alone).
Says what it did, and stops with a non-zero status at the first wrong thing. The org that it makes stays there.
"""

from os import environ
from uuid import uuid4

from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.organizations_api import OrganizationsApi
from datadog_api_client.v1.model.organization import Organization
from datadog_api_client.v1.model.organization_create_body import OrganizationCreateBody
from datadog_api_client.v2.api.key_management_api import KeyManagementApi
from datadog_api_client.v2.api.service_accounts_api import ServiceAccountsApi
from datadog_api_client.v2.api.users_api import UsersApi
from datadog_api_client.v2.model.api_key_create_attributes import APIKeyCreateAttributes
from datadog_api_client.v2.model.api_key_create_data import APIKeyCreateData
from datadog_api_client.v2.model.api_key_create_request import APIKeyCreateRequest
from datadog_api_client.v2.model.api_key_update_attributes import APIKeyUpdateAttributes
from datadog_api_client.v2.model.api_key_update_data import APIKeyUpdateData
from datadog_api_client.v2.model.api_key_update_request import APIKeyUpdateRequest
from datadog_api_client.v2.model.api_keys_sort import APIKeysSort
from datadog_api_client.v2.model.api_keys_type import APIKeysType
from datadog_api_client.v2.model.application_key_create_attributes import ApplicationKeyCreateAttributes
from datadog_api_client.v2.model.application_key_create_data import ApplicationKeyCreateData
from datadog_api_client.v2.model.application_key_create_request import ApplicationKeyCreateRequest
from datadog_api_client.v2.model.application_key_update_attributes import ApplicationKeyUpdateAttributes
from datadog_api_client.v2.model.application_key_update_data import ApplicationKeyUpdateData
from datadog_api_client.v2.model.application_key_update_request import ApplicationKeyUpdateRequest
from datadog_api_client.v2.model.application_keys_sort import ApplicationKeysSort
from datadog_api_client.v2.model.application_keys_type import ApplicationKeysType
from datadog_api_client.v2.model.service_account_create_attributes import ServiceAccountCreateAttributes
from datadog_api_client.v2.model.service_account_create_data import ServiceAccountCreateData
from datadog_api_client.v2.model.service_account_create_request import ServiceAccountCreateRequest
from datadog_api_client.v2.model.users_type import UsersType

from expectations import check, client, parsed, refused

API_KEYS = APIKeysType.API_KEYS
APPLICATION_KEYS = ApplicationKeysType.APPLICATION_KEYS
READ = "org_connections_read"


def new_api_key(name):
    return APIKeyCreateRequest(
        data=APIKeyCreateData(type=API_KEYS, attributes=APIKeyCreateAttributes(name=name))
    )


def renamed_api_key(key_id, name):
    return APIKeyUpdateRequest(
        data=APIKeyUpdateData(type=API_KEYS, id=key_id, attributes=APIKeyUpdateAttributes(name=name))
    )


def new_application_key(**attributes):
    return ApplicationKeyCreateRequest(
        data=ApplicationKeyCreateData(
            type=APPLICATION_KEYS, attributes=ApplicationKeyCreateAttributes(**attributes)
        )
    )


def edited_application_key(key_id, **attributes):
    return ApplicationKeyUpdateRequest(
        data=ApplicationKeyUpdateData(
            type=APPLICATION_KEYS, id=key_id, attributes=ApplicationKeyUpdateAttributes(**attributes)
        )
    )


def is_live(api_key):
    with client(api_key=api_key) as holder:
        try:
            return AuthenticationApi(holder).validate().valid
        except ApiException:
            return False


def whole_second(time):
    """When a key was last used is kept to the second."""
    return time.replace(microsecond=0)


def api_keys(api):
    created = parsed("create an API key", api.create_api_key(body=new_api_key("rotated"))).data
    check("API key: name", created.attributes.name, "rotated")
    check("API key: last4", created.attributes.last4, created.attributes.key[-4:])
    check("API key: never used", created.attributes.date_last_used, None)
    check("API key: two are live", [is_live(None), is_live(created.attributes.key)], [True, True])

    read = parsed("read an API key", api.get_api_key(created.id, include="created_by,modified_by"))
    check("API key: used since", read.data.attributes.date_last_used >= whole_second(created.attributes.created_at), True)
    check("API key: creation", read.data.attributes.created_at, created.attributes.created_at)
    check("API key: creator", [user.attributes.name for user in read.included], ["Jane Doe"])
    check("API key: secret", "key" in read.data.attributes, False)

    renamed = parsed("rename an API key", api.update_api_key(created.id, renamed_api_key(created.id, "renamed"))).data
    check("API key: new name", renamed.attributes.name, "renamed")
    check("API key: editor", renamed.relationships.modified_by.data.id, created.relationships.created_by.data.id)

    listed = parsed(
        "list API keys",
        api.list_api_keys(
            page_size=1,
            page_number=0,
            sort=APIKeysSort.CREATED_AT_DESCENDING,
            include="created_by",
            filter_created_at_start="2020-01-01T00:00:00+00:00",
        ),
    )
    check("API keys: ids", [key.id for key in listed.data], [created.id])
    check("API keys: creators", [user.attributes.name for user in listed.included], ["Jane Doe"])
    check("API keys: count", listed.meta.page.total_filtered_count, 2)
    found = parsed("find API keys", api.list_api_keys(filter="renam"))
    check("API keys: found", [key.id for key in found.data], [created.id])

    refused("API key: no name", 400, "Validation failed for input.",
            lambda: api.update_api_key(created.id, renamed_api_key(created.id, " ")))
    api.delete_api_key(created.id)
    check("API key: one is live", [is_live(None), is_live(created.attributes.key)], [True, False])
    for what, call in [
        ("deleted", lambda: api.get_api_key(created.id)),
        ("absent", lambda: api.delete_api_key(str(uuid4()))),
    ]:
        refused(f"API key: {what}", 404, "API key not found", call)


def own_application_keys(api):
    body = new_application_key(name="narrow", scopes=[READ, "user_app_keys"])
    created = parsed("create an application key", api.create_current_user_application_key(body=body)).data
    check("application key: last4", created.attributes.last4, created.attributes.key[-4:])
    check("application key: scopes", created.attributes.scopes, [READ, "user_app_keys"])
    with client(created.attributes.key) as narrow:
        check("application key: never used", created.attributes.last_used_at, None)
        refused("application key: a wider one", 403, "Forbidden",
                lambda: KeyManagementApi(narrow).create_current_user_application_key(
                    body=new_application_key(name="wide")))

    read = parsed("read an application key", api.get_current_user_application_key(created.id)).data
    check("application key: creation", read.attributes.created_at, created.attributes.created_at)
    check("application key: used since", read.attributes.last_used_at >= whole_second(created.attributes.created_at), True)
    check("application key: secret", "key" in read.attributes, False)

    edit = edited_application_key(created.id, name="wide", scopes=None)
    edited = parsed("edit an application key", api.update_current_user_application_key(created.id, edit)).data
    check("application key: new name", edited.attributes.name, "wide")
    check("application key: no scopes", edited.attributes.scopes, None)

    listed = parsed(
        "list own application keys",
        api.list_current_user_application_keys(
            page_size=1, sort=ApplicationKeysSort.CREATED_AT_DESCENDING, filter="wide", include="owned_by"
        ),
    )
    check("own application keys: ids", [key.id for key in listed.data], [created.id])
    check("own application keys: count", listed.meta.page.total_filtered_count, 1)
    check("own application keys: owner", [user.attributes.email for user in listed.included], ["jane@example.com"])

    api.delete_current_user_application_key(created.id)
    refused("application key: deleted", 404, "Application key not found",
            lambda: api.get_current_user_application_key(created.id))


def application_keys_of_the_org(api):
    created = api.create_current_user_application_key(body=new_application_key(name="org-wide")).data
    owner = created.relationships.owned_by.data.id
    listed = parsed(
        "list application keys", api.list_application_keys(filter="org-wide", filter_owned_by=owner, include="owned_by")
    )
    check("application keys: ids", [key.id for key in listed.data], [created.id])
    check("application keys: owner", [user.id for user in listed.included], [owner])

    read = parsed("read a key of the org", api.get_application_key(created.id, include="owned_by"))
    check("a key of the org: owner", [user.id for user in read.included], [owner])
    edited = parsed("edit a key of the org",
                    api.update_application_key(created.id, edited_application_key(created.id, scopes=[READ]))).data
    check("a key of the org: scopes", edited.attributes.scopes, [READ])
    check("a key of the org: same name", edited.attributes.name, "org-wide")
    refused("a key of the org: no such scope", 400, "Validation failed for input.",
            lambda: api.update_application_key(created.id, edited_application_key(created.id, scopes=["everything"])))
    api.delete_application_key(created.id)
    refused("a key of the org: deleted", 404, "Application key not found",
            lambda: api.delete_application_key(created.id))


def keys_of_a_service_account(api, keys):
    """Makes a service account, which may do nothing yet, and a key of its."""
    attributes = ServiceAccountCreateAttributes(email="keys@example.com", name="Robot", service_account=True)
    account = api.create_service_account(body=ServiceAccountCreateRequest(
        data=ServiceAccountCreateData(type=UsersType.USERS, attributes=attributes))).data.id
    body = new_application_key(name="robot", scopes=[READ])
    created = parsed("create a key of an account", api.create_service_account_application_key(account, body=body)).data
    check("a key of an account: owner", created.relationships.owned_by.data.id, account)
    with client(created.attributes.key) as robot:
        check("a key of an account: caller", parsed("robot", UsersApi(robot).get_current_user()).data.id, account)
        refused("a key of an account: no permission", 403, "Forbidden", KeyManagementApi(robot).list_api_keys)

    read = parsed("read a key of an account", api.get_service_account_application_key(account, created.id)).data
    check("a key of an account: secret", "key" in read.attributes, False)
    check("a key of an account: used", isinstance(read.attributes.last_used_at, str), True)
    edit = edited_application_key(created.id, name="renamed", scopes=None)
    edited = parsed("edit a key of an account",
                    api.update_service_account_application_key(account, created.id, edit)).data
    check("a key of an account: new name", edited.attributes.name, "renamed")
    listed = parsed("list keys of an account", api.list_service_account_application_keys(
        account, page_size=1, sort=ApplicationKeysSort.CREATED_AT_DESCENDING, filter="renam"))
    check("keys of an account: ids", [key.id for key in listed.data], [created.id])
    check("keys of an account: among those of the org", keys.get_application_key(created.id).data.id, created.id)
    api.delete_service_account_application_key(account, created.id)
    refused("a key of an account: deleted", 404, "Application key not found",
            lambda: api.get_service_account_application_key(account, created.id))
    refused("keys of no account", 404, "Not found",
            lambda: api.list_service_account_application_keys(str(uuid4())))


def orgs(api):
    made = parsed("create an org", api.create_child_org(body=OrganizationCreateBody(name="Child Org")))
    check("org: admin", [made.user.name, made.user.email, str(made.user.access_role)],
          ["Jane Doe", "jane@example.com", "adm"])
    public_id = made.org.public_id
    with client(made.application_key.hash, made.api_key.key) as admin:
        own = parsed("orgs of the child", OrganizationsApi(admin).list_orgs())
        check("org: sees itself alone", [org.public_id for org in own.orgs], [public_id])
        refused("org: makes no other", 403, "Forbidden",
                lambda: OrganizationsApi(admin).create_child_org(body=OrganizationCreateBody(name="Grandchild")))

    check("org: created", parsed("read an org", api.get_org(public_id)).org.created, made.org.created)
    renamed = parsed("rename an org", api.update_org(public_id, Organization(name="Renamed Org"))).org
    check("org: new name", renamed.name, "Renamed Org")
    check("org: listed", "Renamed Org" in [org.name for org in parsed("orgs", api.list_orgs()).orgs], True)
    refused("org: absent", 400, "Not allowed to access this organization", lambda: api.get_org(str(uuid4())))


def main():
    with client() as admin, client(environ["DD_READER_APP_KEY"]) as reader:
        api = KeyManagementApi(admin)
        api_keys(api)
        own_application_keys(api)
        application_keys_of_the_org(api)
        keys_of_a_service_account(ServiceAccountsApi(admin), api)
        orgs(OrganizationsApi(admin))
        for what, call in [
            ("API keys", KeyManagementApi(reader).list_api_keys),
            ("application keys", KeyManagementApi(reader).list_application_keys),
            ("own application keys", KeyManagementApi(reader).list_current_user_application_keys),
            ("orgs", OrganizationsApi(reader).list_orgs),
        ]:
            refused(f"{what}: without the scope", 403, "Forbidden", call)
    print("python: every call was answered as expected")


if __name__ == "__main__":
    main()
