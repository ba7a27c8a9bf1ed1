"""What no schema can say, so that calls are made that succeed."""

import schemathesis
from schemathesis.generation import GenerationMode

SINKS = 200


@schemathesis.hook
def before_call(context, case, kwargs):
    """An update names the connection of its path, and a creation one of the sinks that there are."""
    is_meant_well = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    data = case.body.get("data") if is_meant_well and isinstance(case.body, dict) else None
    if not data:
        return
    if case.operation.label == "PATCH /api/v2/org_connections/{connection_id}":
        data["id"] = case.path_parameters["connection_id"]
    elif case.operation.label == "POST /api/v2/org_connections":
        sink = data["relationships"]["sink_org"]["data"]
        sink["id"] = f"00000000-0000-4000-8000-{sum(sink['id'].encode()) % SINKS:012x}"
