"""What Schemathesis is told beside the specification; it loads this by name.

Data that fits a schema may still say nothing sensible: a cursor of no page, a script that does not
parse. Such a refusal is right when it names a field with a sense beyond its shape, and only then.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis

# The key that the run itself comes with must not be revoked by it.
_OWN_KEY = int(os.environ.get("CONTRACT_KEY_ID", "0"))
_NOBODY = 2**31 - 1
_TOO_LONG = 414
# Fields with a sense beyond their shape, and what that is.
MEANINGFUL = {
    "cursor": "the next of a page of the same list",
    "until": "later than since",
    "since": "within the years that a database can hold",
    "text": "not blank",
    "expires_at": "in the future",
    "ends_at": "in the future, after starts_at",
    "starts_at": "within the years that a database can hold",
    "event_time": "within the years that a database can hold",
    "expected_corrected_at": "within the years that a database can hold",
    "target": "of a kind that is known, such as service:mysql",
    "email": "an address",
    "display_name": "of one line",
    "comment": "printable",
    "reason": "not blank",
    "command_name": "fixed once it is registered",
    "command_script": "a script that its interpreter parses",
    "solution_script": "a solution of its kind",
    "solution": "of the kind of what waits for approval",
    "arguments": "few, with small names and plain values",
    "solution_kind": "of the same kind as the solution",
    "error_pattern": "an RE2 pattern that fits what it is for",
    "title": "not blank",
    "description": "printable",
    "runbook": "a whole runbook with what is there",
    "server_ids": "servers that have a minion",
    "to": "a version that there is",
    "before": "a version that there is",
    "after": "a version that there is",
    "new_password": "not guessable, not the old one",
    "priority": "within its bounds",
}


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """gunicorn itself refuses a line of more than 8190 bytes, in its own words."""
    return bool(response.status_code != _TOO_LONG)


def _is_a_step(case: Any) -> bool:
    meta = case.meta
    return meta is not None and meta.phase.name == "stateful" and meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let the key of this run stay; and let lists hold something for links to follow."""
    if _is_a_step(case) and case.method == "GET" and case.query:
        case.query = {}
    parameters = case.path_parameters or {}
    if "key_id" in parameters and str(parameters["key_id"]) == str(_OWN_KEY):
        parameters["key_id"] = _NOBODY


@schemathesis.check
def a_refusal_names_its_fields(context: Any, response: Any, case: Any) -> None:
    """422 says where; and of data that fits the schema only what has more sense than shape."""
    if response.status_code != 422:
        return
    told = response.json()
    if told["code"] != "invalid":
        return
    fields = [one.get("pointer", one.get("parameter", "")) for one in told.get("errors", [])]
    assert fields, "a 422 that names no field"
    if any("NUL" in one["detail"] for one in told["errors"]):
        return  # no schema can say so without a pattern on every text
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    for name in fields:
        parts = name.removeprefix("#/").split("/")
        assert MEANINGFUL.keys() & parts, f"{name} is refused, though it fits the specification"
