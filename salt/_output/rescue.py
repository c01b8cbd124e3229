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

from rescuebot import columns as columns_

TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")
LONGEST = 400
NARROWEST, WIDEST = 100, 200
NARROWEST_TEXT = 12
GAP = 2  # between two columns
MOST_REPLAYED = 50
# Texts of many lines, shown below the others as they are.
LONG = ("command_script", "solution_script", "description")
ADVICE = ("id", "state", "error", "model_id", "calls", "answer", "cost_micros", "latency_ms")
DIFFERS = {
    "diff": "from here to the file",
    "here": "what was changed here",
    "there": "what was changed in the file",
}
DIFF = {"+": "green", "-": "red", "@": "cyan"}


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
        return _refused(data)
    for key, draw in DRAWN.items():
        if key in data:
            return draw(data)
    return _pairs(data)


def _rows(rows, title=None):
    key = next((key for key in columns_.COLUMNS if key in rows[0]), None)
    columns = columns_.COLUMNS.get(key, tuple(rows[0]))
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0)
    )
    headings = {name: columns_.HEADINGS.get(name, name).replace("_", " ") for name in columns}
    cells = {name: [_cell(row.get(name)) for row in rows] for name in columns}
    if key in columns_.SHORTENED:
        _shorten(cells, headings, key)
    for name in cells:
        table.add_column(headings[name], overflow="fold", no_wrap=name in columns_.WHOLE)
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
    for title, rows in (
        ("Reports", data["occurrences"]),
        ("Decisions", data["decisions"]),
        ("Approvals", data["approvals"]),
        ("Notices", data["notices"]),
    ):
        if rows:
            parts += [Text(), _rows(rows, title=title)]
    if data["advice"]:
        told = {name: data["advice"][name] for name in ADVICE}
        parts += [Text(), Text("Advice", style="bold"), _pairs(told)]
    for execution in data["executions"]:
        parts += [Text(), _execution(execution)]
    return Group(*parts)


def _refused(data):
    problems = data.get("problems") or []
    if len(problems) < 2:
        return Text(_safe(f"Refused: {data['message']} {data['remedy']}"), style="red")
    lines = [f"Refused: {data['what']}:"]
    lines += [f"- {problem['field']}: {problem['message']}" for problem in problems]
    return Text(_safe("\n".join([*lines, data["remedy"]])).rstrip(), style="red")


def _approval(data):
    fix = data["fix"] or {}
    about = {**data["approval"], "runs_on": data["execution"]["minion_id"]}
    parts = [_pairs(about), Text(), Text(f"What would run ({fix.get('kind')})", style="bold")]
    parts.append(Text(_safe(fix.get("solution", "")).rstrip()))
    if fix.get("arguments"):
        parts.append(_pairs(fix["arguments"]))
    parts += [Text(), Text("What it would change", style="bold"), _preview(data["preview"])]
    if data["last_here"]:
        parts += [Text(), _rows(data["last_here"], title="Last on this server")]
    if about["state"] == "pending":
        parts += [Text(), Text(_how_to_answer(about["id"], about["digest"]), style="bold")]
    return Group(*parts)


def _how_to_answer(number, digest):
    return (
        f"salt-run rescue.approve {number} digest={digest[:12]}\n"
        f"salt-run rescue.reject {number} comment='…'"
    )


def _preview(text):
    if not text:
        return Text("The minion has not told it yet.", style="dim")
    told = json.loads(text)
    up = {True: "is up", False: "is down"}.get(told["service_up"], "cannot be checked")
    counts = ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in told["changes"].items())
    lines = [f"{told['verdict']}: {told['message']}", f"The service {up} now. {counts}"]
    return Text(_safe("\n".join([*lines, told["output"]])).rstrip())


def _match(data):
    parts = [Text(_safe(data["words"]), style="green" if data["winner"] else "yellow")]
    matched = [_renamed(row, "reason", "reason_for_place") for row in data["matched"]]
    near = [_renamed(row, "failed", "failed_clauses") for row in data["near"]]
    for title, rows in (("Fits", matched), ("Nearly", near)):
        if rows:
            parts += [Text(), _rows(rows, title=title)]
    return Group(*parts)


def _renamed(row, old, new):
    value = row[old]
    shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
    return {**{name: row[name] for name in row if name != old}, new: shown}


def _simulated(data):
    parts = [_pairs({"would": data["would"], "words": data["words"] or None})]
    if data.get("match"):
        near = () if data["match"]["winner"] else data["match"]["near"]
        parts += [Text(), _match({**data["match"], "near": near})]
    if data["decisions"]:
        parts += [Text(), _rows(data["decisions"], title="Decisions")]
    if data.get("execution"):
        run = {**data["execution"], **(data["execution"]["fix"] or {})}
        run.pop("fix")
        parts += [Text(), Text("Would run", style="bold"), _pairs(run)]
    return Group(*parts, Text(), Text("Nothing was executed, nothing was kept.", style="dim"))


def _replayed(data):
    counts = data["replay"]
    parts = [_pairs({"events": counts["events"], "another_runbook": counts["changed"]})]
    for name in ("was", "would"):
        parts += [Text(), Text(name, style="bold"), _pairs(counts[name])]
    if data["rows"]:
        shown = data["rows"][:MOST_REPLAYED]
        parts += [Text(), _rows(shown, title="Events")]
        if len(shown) < len(data["rows"]):
            parts.append(Text(f"{len(data['rows'])} in all; --out=json has them."))
    return Group(*parts)


def _imported(data):
    told = [_renamed(row, "outcome", "outcome_of_import") for row in data["items"]]
    changed = [row for row in told if row["outcome_of_import"] != "unchanged"]
    parts = [_pairs({name: count for name, count in data["counts"].items() if count})]
    if changed:
        parts += [Text(), _rows(changed, title="Items")]
    for row in changed:
        for name, heading in DIFFERS.items():
            if row[name]:
                parts += [Text(), Text(_safe(f"{row['name']}: {heading}"), style="bold")]
                parts.append(_diff({"diff": row[name]}))
    words = "It is done." if data["done"] else "This was a dry run: nothing was imported."
    return Group(*parts, Text(), Text(words, style="bold"))


def _item(data):
    row = data["item"]
    long = {name: row[name] for name in LONG if row.get(name)}
    parts = [_pairs({name: value for name, value in row.items() if name not in long})]
    for name, text in long.items():
        heading = Text(name.replace("_", " "), style="bold")
        parts += [Text(), heading, Text(_safe(text).rstrip())]
    return Group(*parts)


def _diff(data):
    text = Text()
    for line in _safe(data["diff"]).splitlines():
        text.append(line + "\n", style=DIFF.get(line[:1], ""))
    return text if text.plain else Text("They are equal.")


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


# Which answers are drawn in a way of their own, by a key that only they have.
DRAWN = {
    "checks": _doctor,
    "approval": _approval,
    "event": _event,
    "logs": _execution,
    "near": _match,
    "would": _simulated,
    "replay": _replayed,
    "items": _imported,
    "item": _item,
    "diff": _diff,
}


def _cell(value):
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(value) or "-"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    text = TIME.sub(r"\1 \2Z", _safe(value).strip())
    if len(text) > LONGEST:
        text = text[:LONGEST] + f" … ({len(text)} characters; --out=json has them)"
    return Text(text, style=columns_.COLOURS.get(text, ""))


def _safe(value):
    """The text with control characters made visible: they could write to the terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\x{ord(letter):02x}"
        for letter in str(value)
    )
