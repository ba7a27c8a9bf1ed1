"""Searches the audit trail with the official Python client.

Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY and DD_READER_APP_KEY (a key with the scope org_connections_read alone).
Says what it did, and stops with a non-zero status at the first wrong thing.
"""

from datetime import datetime, timedelta, timezone
from os import environ
from time import monotonic, sleep

from datadog_api_client.v2.api.audit_api import AuditApi
from datadog_api_client.v2.api.key_management_api import KeyManagementApi
from datadog_api_client.v2.model.api_key_create_attributes import APIKeyCreateAttributes
from datadog_api_client.v2.model.api_key_create_data import APIKeyCreateData
from datadog_api_client.v2.model.api_key_create_request import APIKeyCreateRequest
from datadog_api_client.v2.model.api_keys_type import APIKeysType
from datadog_api_client.v2.model.audit_logs_query_filter import AuditLogsQueryFilter
from datadog_api_client.v2.model.audit_logs_query_options import AuditLogsQueryOptions
from datadog_api_client.v2.model.audit_logs_query_page_options import AuditLogsQueryPageOptions
from datadog_api_client.v2.model.audit_logs_search_events_request import AuditLogsSearchEventsRequest
from datadog_api_client.v2.model.audit_logs_sort import AuditLogsSort

from expectations import check, client, parsed, refused

NAMES = [f"Audited {number}" for number in range(5)]
MADE = 'asset.type:api_key action:created asset.name:"Audited *"'


def new_key(name):
    attributes = APIKeyCreateAttributes(name=name)
    return APIKeyCreateRequest(data=APIKeyCreateData(type=APIKeysType.API_KEYS, attributes=attributes))


def search(query, **page):
    return AuditLogsSearchEventsRequest(
        filter=AuditLogsQueryFilter(query=query, _from="now-15m", to="now"),
        options=AuditLogsQueryOptions(timezone="UTC"),
        page=AuditLogsQueryPageOptions(**page),
        sort=AuditLogsSort.TIMESTAMP_ASCENDING,
    )


def parts(event):
    """What happened, in parts, whichever way the client shows a free object."""
    return event.attributes.attributes


def names(events):
    return [parts(event)["asset"]["name"] for event in events]


def find_changes(api, began):
    """Finds five keys by parameters, page by page, and by a body."""
    listed = parsed("list", api.list_audit_logs(filter_query=MADE, sort=AuditLogsSort.TIMESTAMP_ASCENDING))
    check("list: names", names(listed.data), NAMES)
    check("list: status", str(listed.meta.status), "done")
    first = listed.data[0]
    check("list: type", str(first.type), "audit")
    check("list: time", abs(first.attributes.timestamp - began) < timedelta(minutes=15), True)
    check("list: action", parts(first)["action"], "created")
    check("list: actor", parts(first)["usr"]["email"], "jane@example.com")
    check("list: message", first.attributes.message.startswith("Jane Doe created api key Audited 0 "), True)

    paged = list(api.list_audit_logs_with_pagination(filter_query=MADE, page_limit=2))
    check("pages", names(parsed("pages", paged)), NAMES[::-1])
    found = list(api.search_audit_logs_with_pagination(body=search(MADE, limit=2)))
    check("search pages", names(parsed("search pages", found)), NAMES)

    page = parsed("search", api.search_audit_logs(body=search(MADE, limit=3)))
    check("search: names", names(page.data), NAMES[:3])
    rest = parsed("search: rest", api.search_audit_logs(body=search(MADE, limit=3, cursor=page.meta.page.after)))
    check("search: rest", names(rest.data), NAMES[3:])
    check("search: end", "links" in rest, False)

    until = parsed("until", api.list_audit_logs(filter_query=MADE, filter_to=began - timedelta(seconds=1)))
    check("until", until.data, [])
    one = parsed("one", api.list_audit_logs(filter_query=f"{MADE} asset.id:{parts(first)['asset']['id']}"))
    check("one", [event.id for event in one.data], [first.id])


def find_refusal(api):
    """Finds what was refused; it is kept beside the answer, so it may take a moment."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        answer = parsed("refusal", api.list_audit_logs(filter_query="evt.outcome:refused asset.type:api_key"))
        if answer.data:
            check("refusal: status", parts(answer.data[0])["http"]["status_code"], 403)
            check("refusal: action", parts(answer.data[0])["action"], "created")
            return
        sleep(0.1)
    raise SystemExit("refusal: not found within ten seconds")


def main():
    with client() as admin_client, client(environ["DD_READER_APP_KEY"]) as reader_client:
        api, keys = AuditApi(admin_client), KeyManagementApi(admin_client)
        began = datetime.now(timezone.utc)
        made = [keys.create_api_key(body=new_key(name)).data.id for name in NAMES]
        find_changes(api, began)
        refused("403 key", 403, "Forbidden", lambda: KeyManagementApi(reader_client).create_api_key(body=new_key("No")))
        find_refusal(api)
        refused("403 trail", 403, "Forbidden", AuditApi(reader_client).list_audit_logs)
        refused("400 query", 400, "Validation failed for input.", lambda: api.list_audit_logs(filter_query="colour:red"))
        for key in made:
            keys.delete_api_key(key)
        deleted = parsed("deleted", api.list_audit_logs(filter_query='action:deleted asset.name:"Audited *"'))
        check("deleted", len(deleted.data), len(NAMES))
    print("python: every search of the audit trail was answered as expected")


if __name__ == "__main__":
    main()
