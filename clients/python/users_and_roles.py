"""Manages users, service accounts, roles and permissions with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY and DD_READER_APP_KEY (a key with the scope org_connections_read alone).
Says what it did, and stops with a non-zero status at the first wrong thing.
"""

from os import environ
from uuid import uuid4

from datadog_api_client.v2.api.roles_api import RolesApi
from datadog_api_client.v2.api.service_accounts_api import ServiceAccountsApi
from datadog_api_client.v2.api.users_api import UsersApi
from datadog_api_client.v2.model.permissions_type import PermissionsType
from datadog_api_client.v2.model.query_sort_order import QuerySortOrder
from datadog_api_client.v2.model.relationship_to_permission import RelationshipToPermission
from datadog_api_client.v2.model.relationship_to_permission_data import RelationshipToPermissionData
from datadog_api_client.v2.model.relationship_to_permissions import RelationshipToPermissions
from datadog_api_client.v2.model.relationship_to_role_data import RelationshipToRoleData
from datadog_api_client.v2.model.relationship_to_roles import RelationshipToRoles
from datadog_api_client.v2.model.relationship_to_user import RelationshipToUser
from datadog_api_client.v2.model.relationship_to_user_data import RelationshipToUserData
from datadog_api_client.v2.model.role_create_attributes import RoleCreateAttributes
from datadog_api_client.v2.model.role_create_data import RoleCreateData
from datadog_api_client.v2.model.role_create_request import RoleCreateRequest
from datadog_api_client.v2.model.role_relationships import RoleRelationships
from datadog_api_client.v2.model.role_update_attributes import RoleUpdateAttributes
from datadog_api_client.v2.model.role_update_data import RoleUpdateData
from datadog_api_client.v2.model.role_update_request import RoleUpdateRequest
from datadog_api_client.v2.model.roles_sort import RolesSort
from datadog_api_client.v2.model.roles_type import RolesType
from datadog_api_client.v2.model.service_account_create_attributes import ServiceAccountCreateAttributes
from datadog_api_client.v2.model.service_account_create_data import ServiceAccountCreateData
from datadog_api_client.v2.model.service_account_create_request import ServiceAccountCreateRequest
from datadog_api_client.v2.model.user_create_attributes import UserCreateAttributes
from datadog_api_client.v2.model.user_create_data import UserCreateData
from datadog_api_client.v2.model.user_create_request import UserCreateRequest
from datadog_api_client.v2.model.user_relationships import UserRelationships
from datadog_api_client.v2.model.user_update_attributes import UserUpdateAttributes
from datadog_api_client.v2.model.user_update_data import UserUpdateData
from datadog_api_client.v2.model.user_update_request import UserUpdateRequest
from datadog_api_client.v2.model.users_type import UsersType

from expectations import check, client, parsed, refused

USERS = UsersType.USERS
ROLES = RolesType.ROLES
PERMISSIONS = PermissionsType.PERMISSIONS


def new_role(name, permissions):
    named = [RelationshipToPermissionData(type=PERMISSIONS, id=permission) for permission in permissions]
    return RoleCreateRequest(
        data=RoleCreateData(
            type=ROLES,
            attributes=RoleCreateAttributes(name=name),
            relationships=RoleRelationships(permissions=RelationshipToPermissions(data=named)),
        )
    )


def renamed_role(role_id, name):
    return RoleUpdateRequest(
        data=RoleUpdateData(type=ROLES, id=role_id, attributes=RoleUpdateAttributes(name=name))
    )


def permission(permission_id):
    return RelationshipToPermission(data=RelationshipToPermissionData(type=PERMISSIONS, id=permission_id))


def user(user_id):
    return RelationshipToUser(data=RelationshipToUserData(type=USERS, id=user_id))


def holding(*roles):
    named = [RelationshipToRoleData(type=ROLES, id=role) for role in roles]
    return UserRelationships(roles=RelationshipToRoles(data=named))


def new_user(email, name, *roles):
    attributes = UserCreateAttributes(email=email, name=name)
    return UserCreateRequest(data=UserCreateData(type=USERS, attributes=attributes, relationships=holding(*roles)))


def new_service_account(email, name, *roles):
    attributes = ServiceAccountCreateAttributes(email=email, name=name, service_account=True)
    return ServiceAccountCreateRequest(
        data=ServiceAccountCreateData(type=USERS, attributes=attributes, relationships=holding(*roles))
    )


def changed_user(user_id, **attributes):
    return UserUpdateRequest(
        data=UserUpdateData(type=USERS, id=user_id, attributes=UserUpdateAttributes(**attributes))
    )


def names(answer):
    return [item.attributes.name for item in answer.data]


def manage_roles(api):
    """Makes a role with one permission, and returns its id."""
    permissions = parsed("permissions", api.list_permissions()).data
    ids = {item.attributes.name: item.id for item in permissions}
    read, write = ids["org_connections_read"], ids["org_connections_write"]
    check("permissions: kinds", {item.attributes.display_type for item in permissions}, {"read", "write"})

    roles = parsed("roles", api.list_roles(sort=RolesSort.NAME_ASCENDING))
    check("roles: names", names(roles), ["Admin", "Read Only", "Standard"])
    check("roles: total", roles.meta.page.total_count, 3)
    page = parsed("roles: page", api.list_roles(page_size=1, page_number=1, filter="a"))
    check("roles: page", (names(page), page.meta.page.total_filtered_count), (["Read Only"], 3))
    only = parsed("roles: one", api.list_roles(filter_id=roles.data[0].id))
    check("roles: one", names(only), ["Admin"])
    most = parsed("roles: most held", api.list_roles(sort=RolesSort.USER_COUNT_DESCENDING, page_size=1))
    check("roles: most held", most.data[0].attributes.user_count, 1)

    created = parsed("create role", api.create_role(body=new_role("Auditor", [read]))).data
    check("create role: permissions", [item.id for item in created.relationships.permissions.data], [read])
    updated = parsed("update role", api.update_role(created.id, renamed_role(created.id, "Examiner"))).data
    check("update role: name", updated.attributes.name, "Examiner")
    shown = parsed("role", api.get_role(created.id)).data
    check("role: name", shown.attributes.name, "Examiner")
    check("role: creation", shown.attributes.created_at, created.attributes.created_at)

    more = parsed("grant", api.add_permission_to_role(created.id, permission(write)))
    check("grant: permissions", names(more), ["org_connections_read", "org_connections_write"])
    less = parsed("revoke", api.remove_permission_from_role(created.id, permission(write)))
    check("revoke: permissions", names(less), ["org_connections_read"])
    listed = parsed("role permissions", api.list_role_permissions(created.id))
    check("role permissions", names(listed), ["org_connections_read"])

    refused("409 role", 409, "role name Admin is already taken", lambda: api.create_role(body=new_role("Admin", [])))
    refused("403 managed", 403, "Forbidden", lambda: api.delete_role(roles.data[0].id))
    refused("404 role", 404, "Not found", lambda: api.get_role(str(uuid4())))
    return created.id


def manage_users(api, roles, service_accounts, role_id):
    """Makes users, gives them the role and takes it from them."""
    created = parsed("create user", api.create_user(body=new_user("new@example.com", "New User"))).data
    check("create user: status", created.attributes.status, "Active")
    given = parsed("give role", roles.add_user_to_role(role_id, user(created.id)))
    check("give role: users", names(given), ["New User"])
    held = parsed("role users", roles.list_role_users(role_id, page_size=5, page_number=0, sort="name", filter="new"))
    check("role users", names(held), ["New User"])
    allowed = parsed("user permissions", api.list_user_permissions(created.id))
    check("user permissions", names(allowed), ["org_connections_read"])
    shown = parsed("user", api.get_user(created.id))
    check("user: roles", [item.id for item in shown.data.relationships.roles.data], [role_id])
    check("user: included", [item.attributes.name for item in shown.included], ["Examiner", "Source Org"])
    at_home = parsed("user orgs", api.list_user_organizations(created.id))
    check("user orgs", at_home.included[-1].id, shown.data.relationships.org.data.id)

    robot = parsed("create service account", service_accounts.create_service_account(
        body=new_service_account("robot@example.com", "Robot", role_id))).data
    check("create service account: kind", robot.attributes.service_account, True)
    listed = parsed("users", api.list_users(sort="name", sort_dir=QuerySortOrder.DESC, page_size=2, page_number=0))
    check("users: names", names(listed), ["Robot", "New User"])
    check("users: counts", (listed.meta.page.total_count, listed.meta.page.total_filtered_count), (3, 3))
    check("users: filter", names(parsed("users: filter", api.list_users(filter="jane@"))), ["Jane Doe"])

    updated = parsed("update user", api.update_user(created.id, changed_user(created.id, name="Renamed User"))).data
    check("update user: name", updated.attributes.name, "Renamed User")
    api.disable_user(created.id)
    disabled = parsed("disabled users", api.list_users(filter_status="Disabled"))
    check("disabled users", names(disabled), ["Renamed User"])
    enabled = parsed("enable user", api.update_user(created.id, changed_user(created.id, disabled=False))).data
    check("enable user: status", enabled.attributes.status, "Active")

    refused("409 held role", 409, "role is still in use by robot@example.com" if robot.id < created.id
            else "role is still in use by new@example.com", lambda: roles.delete_role(role_id))
    refused("409 email", 409, "email address robot@example.com is already taken",
            lambda: api.create_user(body=new_user("robot@example.com", "Twin")))
    jane = parsed("caller", api.get_current_user()).data.id
    refused("409 last admin", 409, "the last enabled admin of an organization can't be removed",
            lambda: api.disable_user(jane))
    refused("404 user", 404, "Not found", lambda: api.get_user(str(uuid4())))
    for holder in (created.id, robot.id):
        taken = parsed("take role", roles.remove_user_from_role(role_id, user(holder)))
    check("take role: users", names(taken), [])


def main():
    with client() as admin_client, client(environ["DD_READER_APP_KEY"]) as reader_client:
        roles, users = RolesApi(admin_client), UsersApi(admin_client)
        role_id = manage_roles(roles)
        manage_users(users, roles, ServiceAccountsApi(admin_client), role_id)
        roles.delete_role(role_id)
        check("last roles", len(parsed("last roles", roles.list_roles()).data), 3)
        refused("403", 403, "Forbidden", UsersApi(reader_client).list_users)
    print("python: every call about users and roles was answered as expected")


if __name__ == "__main__":
    main()
