"""Write what is made from the API itself: webui/api/openapi.json and docs/api.md."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from docs.api_story import Story, Told
from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.settings import DatabaseSettings
from webui.api import problems

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/api.md"
TEMPLATE = ROOT / "docs/api.template.md"
SPECIFICATION = ROOT / "webui/api/openapi.json"

Json = dict[str, Any]

# What is never twice the same, and what the page shows in its place.
_ALIKE = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+0000", "2026-11-22T01:04:40.989+0000"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-11-22T01:04:41.000Z"),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "eyJhbGciOi…"),
    (r"\brbk_[\w-]+", "rbk_…"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "21436b4a-0be0-44f9-a470-99fb3d1bbc61"),
    (r"\b[0-9a-f]{64}\b", "9f86d081884c7d65…"),
    (r"\b[0-9a-f]{32,40}\b", "5f0c1d7ab2e84c39…"),
    (r"\bWz[\w-]{20,}", "WzEsIm…"),
)
_HIDDEN = {"password": "…", "prefix": "rbk_…", "jid": "20261122010441000000"}
_SHOWN_HEADERS = ("Location", "ETag", "Link", "Content-Range", "Retry-After", "Set-Cookie")
_COOKIES = {
    "sign_in": "-c cookies.txt",
    "refresh": "-b cookies.txt -c cookies.txt",
    "sign_out": "-b cookies.txt -c cookies.txt",
}
_MANY_FIELDS = 6
_LONG_TEXT = 160
_WIDE = 100
_REMEDIES: dict[int | str, str] = {
    400: "Send JSON in UTF-8, as the reference says.",
    401: "Refresh the access token; when that is refused too, sign in again.",
    403: "Ask somebody with the role; `remedy` names it.",
    404: "Look it up in its list.",
    405: "Use one of the methods in `Allow`.",
    408: "Send it again.",
    409: "Read it again, then decide anew: its state has moved on.",
    412: "Read it again and repeat the change on what it is now.",
    413: "Send less.",
    414: "Send fewer filters.",
    415: "Send `Content-Type: application/json`.",
    416: "Ask for a range within the size that `Content-Range` tells.",
    422: "Mend what `errors` points to; the same request is refused again.",
    428: "Send `If-Match` with the `ETag` of what you saw.",
    429: "Wait for as long as `Retry-After` says.",
    431: "Send fewer or shorter headers.",
    500: "Tell us the request id; it is in our log.",
    503: "Try again after `Retry-After`.",
    # What is more than its status says.
    "archive_refused": "Nothing was changed; look at the file: docs/archive.md.",
    "bad_credentials": "Look at name and password again, or ask an admin for another password.",
    "halted": "Wait until the halt is lifted, or lift it.",
    "key_reused": "Take another key for another request.",
    "provider_refused": "Ask whoever runs the identity provider; `web.oidc` is our side of it.",
    "schema_newer": "Run the version that has made the tables, or let that one take them back.",
    "schema_outdated": "Update the tables: `salt-run rescue.migrate`, then try again.",
    "session_over": "Sign in again.",
    "too_slow": "Narrow it down: give `since`, or more filters.",
    "unreadable": "Send it as its sender has made it.",
    "unstorable": "Send values that can be stored; the same is refused again.",
}


def specification(document: Json) -> str:
    """The specification as a file, the same on every machine."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def page(story: Story) -> str:
    """The whole page."""
    told = story.tell()
    by_operation: dict[str, list[Told]] = {}
    for one in told:
        by_operation.setdefault(one.operation, []).append(one)
    parts = {
        "refusals": _refusals(),
        "reference": "\n\n".join(_reference(story.document, by_operation)),
        "shapes": "\n\n".join(_shapes(story.document)),
        **{f"example {name}": _example(found[0]) for name, found in by_operation.items()},
        **{f"title {one.title}": _example(one) for one in told},
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(.+?)\}\}", lambda match: parts[match[1]], text)


def _refusals() -> str:
    rows = [
        f"| {status} | `{code}` | {words} | {_REMEDIES.get(code) or _REMEDIES[status]} |"
        for status, code, words in problems.refusals()
    ]
    return "\n".join(["| status | `code` | means | what to do |", "|---|---|---|---|", *rows])


def _reference(document: Json, examples: dict[str, list[Told]]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"### {tag['name']}\n\n{tag['description']}"
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and tag["name"] in operation["tags"]:
                    yield from _operation(document, method, path, item, operation)
                    yield from map(_example, examples.get(operation["operationId"], ()))


def _operation(
    document: Json, method: str, path: str, item: Json, operation: Json
) -> Iterator[str]:
    words = " ".join((operation["summary"] + " " + operation.get("description", "")).split())
    roles = ", ".join(operation["x-roles"])
    roles += "; people only" if operation.get("x-people-only") else ""
    yield f"#### {method.upper()} {path}\n\n{words}\n\n`{operation['operationId']}` · for: {roles}"
    both = [*item.get("parameters", []), *operation.get("parameters", [])]
    rows = [_parameter(_resolved(document, one)) for one in both]
    if rows:
        yield "\n".join(["| parameter | in | is | |", "|---|---|---|---|", *rows])
    yield from _body(document, operation)
    yield _answers(operation)


def _parameter(parameter: Json) -> str:
    must = ", required" if parameter.get("required") and parameter["in"] != "path" else ""
    words = _cell(parameter.get("description", ""))
    kind = _kind(parameter["schema"])
    return f"| `{parameter['name']}` | {parameter['in']}{must} | {kind} | {words} |"


def _body(document: Json, operation: Json) -> Iterator[str]:
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content["schema"])
        must = schema.get("required", [])
        rows = [
            f"| `{name}` | {_kind(one)}{', required' if name in must else ''} "
            f"| {_cell(one.get('description', ''))} |"
            for name, one in schema.get("properties", {}).items()
        ]
        told = "any fields" if not rows else _kind(content["schema"])
        yield f"Body, `{media}`: {told}. {schema.get('description', '')}".rstrip()
        if rows:
            yield "\n".join(["| field | is | |", "|---|---|---|", *rows])


def _answers(operation: Json) -> str:
    good, bad = [], []
    for status, response in operation["responses"].items():
        if "$ref" in response and status >= "400":
            bad.append(status)
            continue
        kinds = [_kind(one["schema"]) for one in response.get("content", {}).values()]
        good.append(" ".join([f"**{status}**", *kinds]))
    return f"Answers {', '.join(good)}; refuses with {', '.join(sorted(bad))}."


def _shapes(document: Json) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        words = schema.get("description", "")
        must = schema.get("required", [])
        fields = [
            f"`{field}`{'' if field in must else '?'} {_kind(one)}"
            for field, one in schema.get("properties", {}).items()
        ]
        shown = " · ".join(fields) or _kind({**schema, "description": ""})
        yield f"#### {name}\n\n{words}\n\n{shown}" if words else f"#### {name}\n\n{shown}"


def _kind(schema: Json) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " ".join("null" if one is None else f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    given = schema.get("type", "anything")
    kinds = given if isinstance(given, list) else [given]
    words = " or ".join(_named(kind, schema) for kind in kinds)
    default = schema.get("default")
    return words if default in (None, "") else f"{words}, else `{json.dumps(default)}`"


def _named(kind: str, schema: Json) -> str:
    if kind == "string":
        return "time" if schema.get("format") == "date-time" else _text(schema)
    if kind == "null":
        return kind
    low, high = schema.get("minimum"), schema.get("maximum")
    between = f" {low} to {high}" if low is not None and high not in (None, 2**31 - 1) else ""
    return kind + between


def _text(schema: Json) -> str:
    if "pattern" in schema:
        return f"text like `{_cell(schema['pattern'])}`"
    longest = schema.get("maxLength")
    return f"text to {longest}" if longest else "text"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def _example(told: Told) -> str:
    answer = told.answer
    lines = [f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}", *_headers(told)]
    if answer.mimetype in ("text/plain", "text/event-stream"):
        lines += ["", *_text_lines(answer.text, told.show)]
    elif answer.data:
        lines += ["", _pretty(_cut(answer.json, told.show))]
    shown = "\n".join(lines)
    return f"*{told.title}:*\n\n```bash\n{_curl(told)}\n```\n\n```http\n{shown}\n```"


def _headers(told: Told) -> Iterator[str]:
    for name in _SHOWN_HEADERS:
        for value in told.answer.headers.getlist(name):
            if name == "ETag":
                value = '"…"'
            if name == "Set-Cookie":
                value = re.sub(r"=[^;]*", "=…", value, count=1)
                value = re.sub(r" (Expires|Max-Age)=[^;]*;", "", value)
            yield f"{name}: {_alike(unquote(value))}"


def _curl(told: Told) -> str:
    path = _alike(unquote(told.path))
    parts = ["curl" if told.method == "GET" else f"curl -X {told.method}"]
    parts[0] += f' "$RESCUE{path}"'
    if told.signed_in:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if told.operation in _COOKIES:
        parts.append(_COOKIES[told.operation])
    for name, value in told.headers.items():
        hidden = {"X-CSRF-Token": "$CSRF", "If-Match": "$ETAG"}.get(name, value)
        parts.append(f'-H "{name}: {hidden}"')
    if told.body is not None:
        parts.append("--json " + shlex.quote(_pretty(_cut(told.body, (), whole=True))))
    return " \\\n  ".join(parts)


def _text_lines(text: str, show: tuple[str, ...]) -> list[str]:
    lines = text.rstrip().splitlines()
    return [line for line in lines if line.split(" ")[0] in show] if show else lines


def _cut(value: Any, show: tuple[str, ...], *, whole: bool = False, name: str = "") -> Any:
    """The value as the page shows it: what differs is alike, what is long is short."""
    if isinstance(value, dict):
        many = not whole and show and len(value) > _MANY_FIELDS
        kept = {key: one for key, one in value.items() if not many or key in show}
        return {key: _cut(one, show, whole=whole, name=key) for key, one in kept.items()} | (
            {"…": "…"} if len(kept) < len(value) else {}
        )
    if isinstance(value, list):
        most = len(value) if whole or name in ("errors", "checks") else 1
        left = [f"… {len(value) - most} more"] if len(value) > most else []
        return [_cut(one, show, whole=whole) for one in value[:most]] + left
    if isinstance(value, int | float) and name in ("response_time", "seconds_p50", "seconds_p95"):
        return 1
    if isinstance(value, str):
        return _short(_HIDDEN.get(name, "") if not whole and name in _HIDDEN else _alike(value))
    return value


def _short(text: str) -> str:
    return text if len(text) <= _LONG_TEXT else text[: _LONG_TEXT - 1] + "…"


def _alike(text: str) -> str:
    for pattern, instead in _ALIKE:
        text = re.sub(pattern, instead, text)
    return text


def _pretty(value: Any, depth: int = 0) -> str:
    """JSON with what is short on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + 2 * depth <= _WIDE or not isinstance(value, dict | list) or not value:
        return flat
    inside = "  " * (depth + 1)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(k, ensure_ascii=False)}: {_pretty(v, depth + 1)}"
            for k, v in value.items()
        ]
        ends = "{}"
    else:
        parts = [_pretty(one, depth + 1) for one in value]
        ends = "[]"
    return (
        ends[0] + "\n" + ",\n".join(inside + part for part in parts) + "\n" + "  " * depth + ends[1]
    )


@contextmanager
def _ledger(folder: Path) -> Iterator[Database]:
    database = Database(DatabaseSettings(url=SecretStr(f"sqlite:///{folder}/rescue.db")))
    try:
        migrations.upgrade(database)
        yield database
    finally:
        database.dispose()


def main() -> None:
    """Tell the story to a ledger in a file that is thrown away, and write both files."""
    # The thread of the live stream may look into the folder once more while it is removed.
    temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with temporary as folder, _ledger(Path(folder)) as database:
        story = Story(database)
        SPECIFICATION.write_text(specification(story.document), encoding="utf-8")
        PAGE.write_text(page(story), encoding="utf-8")
    for path in (SPECIFICATION, PAGE):
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
