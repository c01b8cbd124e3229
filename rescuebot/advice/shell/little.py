"""Programs within a draft in small languages of their own: awk, sed, SQL.

Invariant: only forms that are known here are taken; none can run a command, write a file or leave
the server.
"""

from __future__ import annotations

import re

from rescuebot.advice.shell import bounds
from rescuebot.advice.shell.words import MANY, NUMBER, UNKNOWN

_HOLE = re.compile(f"[{UNKNOWN}{MANY}]")
_AWK_TOKEN = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<string>"(?:[^"\\\n]|\\["\\nt/.])*")
    | (?P<regex>/(?:[^/\\\n\[\]]|\\.|\[[^/\\\n\]]+\])+/)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<field>\$(?:[0-9]+|NF|\(NF-[0-9]\)|i))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\|\||&&|==|!=|>=|<=|\+\+|--|\+=|-=|[=<>!~+*%?:;,{}()\[\]-])
    """,
    re.VERBOSE,
)
_AWK_WORDS = frozenset("""
    print printf BEGIN END NR NF FNR FS OFS ORS if else for in next exit length substr int tolower
    toupper split gsub sub index match sprintf delete
    """.split())
_AWK_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,20}")
_AWK_NEVER = frozenset("""
    system getline close fflush strftime systime extension load include namespace eval
    while do function func nextfile
    """.split())
# Behind these a / begins a pattern; elsewhere it would divide, and awk would read on otherwise.
_AWK_BEFORE_REGEX = ("", "(", ",", "{", "}", ";", "~", "!", "&&", "||")
# A delimiter that is quoted or stands in brackets, where readers of sed differ.
_SED_UNCLEAR = re.compile(r"\\[/|,#;]|\[[^\]]*[/|,#;]")
_SED = re.compile(
    r"""
      [0-9]+p | \$p | [0-9]+,([0-9]+|\$)p | [0-9]+,([0-9]+|\$)d | [0-9]+d | \$d | [0-9]+q
    | /[^/\n]+/[pd] | /[^/\n]+/,/[^/\n]+/p
    | s/[^/\n]+/[^/\n]*/[gpI0-9]* | s\|[^|\n]+\|[^|\n]*\|[gpI0-9]* | s,[^,\n]+,[^,\n]*,[gpI0-9]*
    | s\#[^\#\n]+\#[^\#\n]*\#[gpI0-9]*
    """,
    re.VERBOSE,
)
_SQL_LOOK = re.compile(
    r"""
      SHOW\ [A-Z0-9_'%.\ =<>,]+(\\G)?
    | SELECT\ [0-9]+ | SELECT\ NOW\(\) | SELECT\ VERSION\(\) | SELECT\ @@[A-Z0-9_.]+
    | SELECT\ ([A-Z0-9_,.*\ /+]|(COUNT|SUM|MAX|MIN|AVG|ROUND)\([A-Z0-9_.*,/\ +]*\))+
      \ FROM\ (INFORMATION_SCHEMA|PERFORMANCE_SCHEMA|SYS)\.[A-Z0-9_]+
      (\ (WHERE|ORDER\ BY|GROUP\ BY|LIMIT)\ ([A-Z0-9_'%,.\ =<>!+-]|NOW\(\))+)?
    | PING
    """,
    re.VERBOSE,
)
_SQL_CHANGE = re.compile(
    rf"""
      KILL\ (CONNECTION\ |QUERY\ )?([0-9]+|{NUMBER})
    | (START|STOP)\ (SLAVE|REPLICA)(\ (SQL_THREAD|IO_THREAD))?
    | FLUSH\ (HOSTS|STATUS|LOGS|ERROR\ LOGS|SLOW\ LOGS|RELAY\ LOGS|TABLES)
    | PURGE\ BINARY\ LOGS\ BEFORE\ NOW\(\)\ -\ INTERVAL\ (?P<kept>[0-9]{{1,5}})\ (?P<unit>DAY|HOUR)
    | SET\ GLOBAL\ (?P<name>[A-Z_]{{1,64}})\ ?=\ ?(?P<value>[0-9]{{1,12}})
    """,
    re.VERBOSE,
)
_SQL_NEVER = re.compile(
    r"\b(INTO|OUTFILE|DUMPFILE|LOAD_FILE|SLEEP|BENCHMARK|GRANTS?|CREATE|UNION|MYSQL\.)\b"
    r"|/\*|--|\bSELECT\b.*\bSELECT\b|\bFROM\b.*\bFROM\b|MYSQL\."
)
_PSQL = re.compile(
    r"""
      SELECT\ 1 | SELECT\ VERSION\(\) | SHOW\ [A-Z0-9_]+ | SELECT\ PG_RELOAD_CONF\(\)
    | SELECT\ PG_(TERMINATE|CANCEL)_BACKEND\([0-9]+\) | SELECT\ PG_ROTATE_LOGFILE\(\)
    | SELECT\ ([A-Z0-9_,.*\ ]|COUNT\(\*\))+\ FROM\ PG_STAT_[A-Z0-9_]+
      (\ (WHERE|ORDER\ BY|GROUP\ BY|LIMIT)\ ([A-Z0-9_'%,.\ =<>!-]|NOW\(\))+)? | CHECKPOINT
    """,
    re.VERBOSE,
)


def awk_problem(program: str) -> str | None:
    """Why a program of awk is not taken."""
    if _HOLE.search(program) or any("\ue000" <= letter <= "\uf8ff" for letter in program):
        return "the program of awk must be known beforehand; give values by -v"
    place, reader = 0, _Awk()
    while place < len(program):
        found = _AWK_TOKEN.match(program, place)
        if found is None:
            return f"{program[place]!r} is not taken in a program of awk"
        problem = reader.problem(found.lastgroup or "", found.group())
        if problem:
            return problem
        place = found.end()
    return reader.ending()


class _Awk:
    """Reads tokens of awk: a > writes a file where something is printed, else it compares."""

    def __init__(self) -> None:
        self._depth = 0
        self._printing = False
        self._before = ""

    def ending(self) -> str | None:
        """Why the program as a whole is not taken."""
        return "the brackets in the program of awk do not match" if self._depth else None

    def problem(self, kind: str, token: str) -> str | None:
        """Why the next token is not taken."""
        if kind == "name" and not _awk_name(token):
            return f"{token} is not taken in a program of awk"
        if kind == "regex" and self._before not in _AWK_BEFORE_REGEX:
            return "a / is not clear in the program of awk; it neither divides nor prints patterns"
        if token == ">" and self._printing and self._depth <= 0:
            return "a program of awk may not write files"
        self._depth += {"(": 1, ")": -1}.get(token, 0)
        if token in ("print", "printf"):
            self._printing = True
        elif token in (";", "}") or "\n" in token:
            self._printing = False
        if kind != "blank":
            self._before = token
        return None


def _awk_name(name: str) -> bool:
    if name in _AWK_NEVER:
        return False
    return name in _AWK_WORDS or bool(_AWK_VARIABLE.fullmatch(name))


def sed_problem(script: str) -> str | None:
    """Why a script of sed is not taken."""
    parts = [part.strip() for part in script.split(";")]
    unclear = _private(script) or _SED_UNCLEAR.search(script)
    if all(_SED.fullmatch(part) for part in parts) and not unclear:
        return None
    return "of sed only s/…/…/g, p, d and q are taken, and nothing that is not known beforehand"


def sql_problem(text: str, *, changing: bool) -> str | None:
    """Why statements for MySQL are not taken."""
    pattern = _SQL_CHANGE if changing else _SQL_LOOK
    if not _is_other(text, pattern):
        return (
            next(filter(None, map(_bound_problem, _statements(text))), None) if changing else None
        )
    return (
        "of SQL only SHOW, SELECT from information_schema, KILL, FLUSH LOGS, replication, "
        "PURGE BINARY LOGS and SET GLOBAL of some numbers are taken"
    )


def _bound_problem(statement: str) -> str | None:
    """Why a number in a statement that changes something is too much or too little."""
    found = _SQL_CHANGE.fullmatch(statement)
    if found and found["kept"]:
        hours = int(found["kept"]) * (24 if found["unit"] == "DAY" else 1)
        if hours < 24 * bounds.KEEP_DAYS:
            return f"the binary logs of the last {bounds.KEEP_DAYS} days are kept"
    if found and found["name"]:
        return bounds.mysql_problem(found["name"], found["value"])
    return None


def psql_problem(text: str) -> str | None:
    """Why statements for PostgreSQL are not taken."""
    if not _is_other(text, _PSQL):
        return None
    return (
        "of SQL only SHOW, SELECT from pg_stat_…, pg_reload_conf, pg_cancel_backend and "
        "pg_terminate_backend of one process are taken"
    )


def _is_other(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether one of the statements is none of the pattern."""
    if len(text) > 500 or _private(text.replace(NUMBER, "")):
        return True
    statements = _statements(text)
    return any(not pattern.fullmatch(one) or _SQL_NEVER.search(one) for one in statements)


def _statements(text: str) -> list[str]:
    return [" ".join(part.split()).upper() for part in text.rstrip("; \n").split(";")]


def _private(text: str) -> bool:
    return any("\ue000" <= letter <= "\uf8ff" for letter in text)
