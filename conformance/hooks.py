"""What no schema can say, so that calls are made that succeed."""

import schemathesis
from schemathesis.generation import GenerationMode

SINKS = 200
PUBLIC_ID = "fasjyydbcgwwc2uc"
OWN = "00000000-0000-4000-8001-"
ABSENT = "00000000-0000-4000-8002-"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A body names what its path names, a sink or an org is one that there is, and nobody takes away their own keys."""
    if case.method in ("DELETE", "PATCH"):
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, str) and value.lower().startswith(OWN):
                case.path_parameters[name] = ABSENT + value[len(OWN):]
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    path = case.path_parameters or {}
    if "public_id" in path:
        path["public_id"] = PUBLIC_ID
    data = case.body.get("data") if isinstance(case.body, dict) else None
    if not isinstance(data, dict):
        return
    if case.method == "PATCH" and len(path) == 1:
        data["id"] = next(iter(path.values()))
    elif case.operation.label == "POST /api/v2/org_connections":
        sink = data["relationships"]["sink_org"]["data"]
        sink["id"] = f"00000000-0000-4000-8000-{sum(sink['id'].encode()) % SINKS:012x}"
