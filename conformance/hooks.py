"""What no schema can say, so that calls are made that succeed."""

import schemathesis
from schemathesis.generation import GenerationMode

SINKS = 200
PUBLIC_ID = "fasjyydbcgwwc2uc"
JOHN = "00000000-0000-4000-8001-000000000006"
ABSENT = "00000000-0000-4000-8002-"
ROBOT = "00000000-0000-4000-8001-000000000008"
JANE = "00000000-0000-4000-8001-000000000005"
RESOURCE = "cross-org-connection:00000000-0000-4000-8001-000000000007"
QUESTION = {
    "subject": {"type": "org", "id": "83999dcd-7f97-11f0-8de1-1ecf66f1aa85"},
    "action": {"name": "read"},
    "resource": {"type": "logs", "id": "4dee724d-00cc-11ea-a77b-570c9d03c6c5"},
}
# The header that asks for a revision, and the largest that there can be.
AT_LEAST = "x-orgbridge-at-least"
MAX_REVISION = 2**63 - 1
# A header that nobody knows, which the tool takes for a fault of the request.
UNKNOWN = "x-schemathesis-unknown-property"
# The keys and users that the calls are made with, a connection, and the roles that nobody can change.
SPARED = ("00000000-0000-4000-8001-", "0b1d6e00-0000-4000-8000-")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nobody takes away their own keys, a body names what its path names, and what else is named is there."""
    path = case.path_parameters or {}
    if case.method != "GET":
        for name, value in path.items():
            if isinstance(value, str) and value.lower().startswith(SPARED):
                path[name] = ABSENT + value[len(ABSENT):]
    # A revision that is not there is waited for, in vain.
    asked = str((case.headers or {}).get(AT_LEAST, ""))
    if asked.isdecimal() and int(asked) <= MAX_REVISION:
        case.headers[AT_LEAST] = "0"
    # HTTP has a server ignore headers that it does not know. What is a fault is tried instead.
    if UNKNOWN in (case.headers or {}):
        del case.headers[UNKNOWN]
        case.headers[AT_LEAST] = "no-revision"
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.operation.path.startswith("/api/v2/audit/events"):
        # What is no query, no time or no cursor of an earlier answer is refused, and no schema says which is one.
        for place in (case.query, case.body):
            if isinstance(place, dict):
                for name in [name for name in place if name.startswith(("filter", "page[cursor]"))]:
                    del place[name]
                if isinstance(place.get("page"), dict):
                    place["page"].pop("cursor", None)
    if case.operation.path == "/access/v1/evaluations" and isinstance(case.body, dict):
        # What a question leaves out has to stand beside it.
        for part, value in QUESTION.items():
            case.body.setdefault(part, value)
            if case.body[part] is None:
                case.body[part] = value
    if "public_id" in path:
        path["public_id"] = PUBLIC_ID
    if "service_account_id" in path:
        path["service_account_id"] = ROBOT
    if "resource_id" in path:
        path["resource_id"] = RESOURCE
    data = case.body.get("data") if isinstance(case.body, dict) else None
    if not isinstance(data, dict):
        return
    if "resource_id" in path:
        data["id"] = RESOURCE
        data["attributes"]["bindings"] = [{"relation": "editor", "principals": [f"user:{JANE}"]}]
    elif case.method == "PATCH" and path:
        data["id"] = path.get("app_key_id") or next(iter(path.values()))
    elif case.operation.path == "/api/v2/roles/{role_id}/users":
        data["id"] = JOHN
    elif case.operation.label == "POST /api/v2/org_connections":
        sink = data["relationships"]["sink_org"]["data"]
        sink["id"] = f"00000000-0000-4000-8000-{sum(sink['id'].encode()) % SINKS:012x}"
