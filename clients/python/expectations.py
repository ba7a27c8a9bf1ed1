"""What the programs here expect of every answer, and the client that they all ask with."""

from os import environ

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException


def client(application_key=None, api_key=None):
    """A client whose only difference from one of the real service is its host."""
    configuration = Configuration(host=environ["ORGBRIDGE_URL"])
    configuration.api_key["apiKeyAuth"] = api_key or environ["DD_API_KEY"]
    configuration.api_key["appKeyAuth"] = application_key or environ["DD_APP_KEY"]
    return ApiClient(configuration)


def check(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")
    print(f"{what}: as expected")


def unparsed_parts(value, place):
    """The places in an answer that no model of the client fits, however deep they stand."""
    if getattr(value, "_unparsed", False):
        yield place
    if isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from unparsed_parts(item, f"{place}[{position}]")
    for name, member in (getattr(value, "_data_store", None) or {}).items():
        yield from unparsed_parts(member, f"{place}.{name}")
    for composed in getattr(value, "_composed_instances", None) or ():
        yield from unparsed_parts(composed, place)


def parsed(what, answer):
    """Every part of an answer must fit the client's own models."""
    unfit = list(unparsed_parts(answer, what))
    if unfit:
        raise SystemExit(f"{what}: the client could not parse {unfit} of {answer}")
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
