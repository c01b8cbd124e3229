"""Draw what ``salt-run rescue.*`` returns as tables that a person can read.

rich draws them: it knows the width of the terminal and of Korean and Japanese letters. Texts of
events and minions are foreign, so control characters are shown, never sent to the terminal.
"""

import io
import json
import re
import shutil

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

# Which columns of which rows, by a key that only these rows have; the rest is for --out=json.
COLUMNS = {
    "event_message": (
        "id",
        "event_time",
        "severity",
        "server_id",
        "service_type",
        "status",
        "outcome",
        "occurrences",
        "event_message",
    ),
    "command_script": ("id", "command_name", "target_service", "command_type", "updated_at"),
    "error_pattern": (
        "id",
        "title",
        "service_type",
        "error_pattern",
        "solution_kind",
        "mode",
        "priority",
        "enabled",
    ),
    "pinned_sha256": (
        "id",
        "cloudwatch_event_id",
        "server_id",
        "solution_name",
        "state",
        "verdict",
        "planned_at",
        "finished_at",
    ),
    "recovery": ("received_at", "event_time", "recovery", "message_id"),
    "reason": ("id", "received_at", "reason", "detail", "state"),
    "noted_at": ("noted_at", "actor", "action", "subject", "times", "detail"),
    "contested_by": ("server_id", "minion_id", "os", "seen_at", "contested_by"),
    "verdict": ("decided_at", "subject", "verdict", "words"),
    "execution_result": (
        "step",
        "execution_status",
        "retcode",
        "response_time",
        "execution_result",
    ),
}
COLOURS = {
    "resolved": "green",
    "success": "green",
    "fixed": "green",
    "nothing_to_fix": "green",
    "failed": "red",
    "fatal": "bold red",
    "critical": "red",
    "warning": "yellow",
    "timeout": "red",
    "lost": "red",
    "processing": "cyan",
    "running": "cyan",
}
# These are what a row is known by, so they are not broken; the last column takes what is left.
WHOLE = {
    "id",
    "event_time",
    "decided_at",
    "executed_at",
    "planned_at",
    "finished_at",
    "received_at",
    "noted_at",
    "seen_at",
    "updated_at",
    "severity",
    "server_id",
    "status",
    "outcome",
    "state",
    "verdict",
    "step",
}
HEADINGS = {
    "cloudwatch_event_id": "event",
    "occurrences": "times",
    "service_type": "service",
    "solution_name": "solution",
}
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")
LONGEST = 400
NARROWEST, WIDEST = 80, 200
NARROWEST_TEXT = 12
GAP = 2  # between two columns


def output(data, **kwargs):  # pylint: disable=unused-argument
    """The text for the terminal."""
    console = Console(
        file=io.StringIO(),
        width=_width(),
        force_terminal=bool(__opts__.get("color")),
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(_drawn(data))
    return console.file.getvalue().strip("\n")


def _width():
    return min(max(shutil.get_terminal_size((120, 24)).columns, NARROWEST), WIDEST)


def _drawn(data):
    if isinstance(data, list):
        return _rows(data) if data else Text("There are none yet.")
    if not isinstance(data, dict):
        return Text(_safe(data))
    if "error" in data and "remedy" in data:
        return Text(_safe(f"Refused: {data['message']} {data['remedy']}"), style="red")
    if "checks" in data:
        return _doctor(data)
    if "event" in data:
        return _event(data)
    if "logs" in data:
        return _execution(data)
    return _pairs(data)


def _rows(rows, title=None):
    columns = next((names for key, names in COLUMNS.items() if key in rows[0]), tuple(rows[0]))
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0)
    )
    headings = {name: HEADINGS.get(name, name).replace("_", " ") for name in columns}
    cells = {name: [_cell(row.get(name)) for row in rows] for name in columns}
    if "event_message" in cells:
        _shorten(cells, headings, "event_message")
    for name in cells:
        table.add_column(headings[name], overflow="fold", no_wrap=name in WHOLE)
    for line in zip(*cells.values(), strict=True):
        table.add_row(*line)
    return table


def _shorten(cells, headings, name):
    """Cut the one column to what the others leave of the line, so that a row is one line."""
    taken = sum(
        GAP + max(len(headings[other]), *(cell.cell_len for cell in column))
        for other, column in cells.items()
        if other != name
    )
    room = _width() - taken - GAP
    if room < NARROWEST_TEXT:
        del cells[name]  # a narrow terminal; rescue.event and --out=json have it
        return
    for cell in cells[name]:
        cell.truncate(room, overflow="ellipsis")


def _pairs(values):
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name.replace("_", " "), _cell(value))
    return table


def _event(data):
    parts = [_pairs(data["event"])]
    for title, rows in (("Reports", data["occurrences"]), ("Decisions", data["decisions"])):
        if rows:
            parts += [Text(), _rows(rows, title=title)]
    for execution in data["executions"]:
        parts += [Text(), _execution(execution)]
    return Group(*parts)


def _execution(data):
    about = {name: value for name, value in data.items() if name != "logs" and value is not None}
    parts = [Text(f"Execution {data['id']}", style="bold"), _pairs(about)]
    if data["logs"]:
        parts.append(_rows(data["logs"], title="Steps"))
    return Group(*parts)


def _doctor(data):
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("check", "", "finding"):
        table.add_column(name, overflow="fold")
    for check in data["checks"]:
        mark = Text("ok", style="green") if check["ok"] else Text("FAILS", style="bold red")
        finding = _safe(check["detail"])
        if check["remedy"]:
            finding += f"\n-> {_safe(check['remedy'])}"
        table.add_row(check["name"], mark, finding)
    words = "All is well." if data["ok"] else "Something is to be mended; see the arrows."
    return Group(table, Text(words, style="green" if data["ok"] else "red"))


def _cell(value):
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    text = TIME.sub(r"\1 \2Z", _safe(value).strip())
    if len(text) > LONGEST:
        text = text[:LONGEST] + f" … ({len(text)} characters; --out=json has them)"
    return Text(text, style=COLOURS.get(text, ""))


def _safe(value):
    """The text with control characters made visible: they could write to the terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\x{ord(letter):02x}"
        for letter in str(value)
    )
