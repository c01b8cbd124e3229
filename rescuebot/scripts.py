"""Scripts that people write: their form, and their syntax as the real interpreter reads it.

Invariant: nothing of a script is executed here, and no script can keep the caller waiting.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import warnings
from functools import lru_cache
from pathlib import PurePosixPath

from rescuebot.errors import Problem

TEXT_BYTES = 65_535  # what a MySQL TEXT holds
_INTERPRETERS = ("sh", "bash", "python3", "perl")
_PLACES = "/usr/local/bin:/usr/bin:/bin"
_SECONDS = 5
# "/usr/bin/sh: 3: Syntax error: …" and "/usr/bin/bash: line 3: syntax error …"
_SHELL_WORDS = re.compile(r"[^:]*: (?:line )?(\d+): (.*)")


def problems_of(*, field: str, script: object) -> list[Problem]:
    """What keeps a script from being stored and run as it is."""
    problems = text_problems(field=field, text=script)
    if problems or not isinstance(script, str):
        return problems
    complaint = _bad_lines(script) or _bad_interpreter(script) or syntax_complaint(script)
    return [Problem(field, complaint)] if complaint else []


def text_problems(*, field: str, text: object) -> list[Problem]:
    """What is wrong with something long that must not be empty, whatever language it is in."""
    if not isinstance(text, str):
        return [Problem(field, f"must be text, not {type(text).__name__}")]
    if not text.strip():
        return [Problem(field, "must not be empty")]
    return long_text_problems(field=field, text=text)


def long_text_problems(*, field: str, text: str) -> list[Problem]:
    """What keeps a text out of a MySQL TEXT, which counts bytes."""
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return [Problem(field, "must be Unicode text; it holds half of a surrogate pair")]
    if size > TEXT_BYTES:
        return [Problem(field, f"must be at most {TEXT_BYTES} bytes of UTF-8; it has {size}")]
    if "\0" in text:
        return [Problem(field, f"line {_line_of(text, chr(0))}: must not hold a NUL character")]
    return []


@lru_cache(maxsize=512)  # an import checks what it plans and again what it writes
def syntax_complaint(script: str) -> str | None:
    """What its interpreter does not understand, with the line; None when that cannot be told.

    Perl is not asked: `perl -c` runs BEGIN blocks.
    """
    program = _interpreter(script)[1]
    if program == "python3":
        return _python_complaint(script)
    return _shell_complaint(program, script) if program in ("sh", "bash") else None


def shown(text: str, most: int = 200) -> str:
    """Foreign words, cut and without anything that a terminal would act on."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"


def _bad_lines(script: str) -> str | None:
    if script.startswith("\ufeff"):
        return "must not begin with a byte order mark; save it as UTF-8 without one"
    if "\r\n" in script:
        line = _line_of(script, "\r\n")
        return (
            f"line {line}: ends with CR LF; a shell takes the CR for a part of the last word. "
            "Save it with LF line ends"
        )
    return None


def _bad_interpreter(script: str) -> str | None:
    words, program = _interpreter(script)
    if program not in _INTERPRETERS or not words[0].startswith("/"):
        return f"line 1: #! must name {', '.join(_INTERPRETERS)} by its path, as in #!/bin/bash"
    if words[0].endswith("/env") and len(words) > 2:
        return f"line 1: env takes one word here; write the path of {program} and its option"
    return None


def _interpreter(script: str) -> tuple[list[str], str]:
    """The words after `#!` as the minion reads them, and the name of the program."""
    first = script.split("\n", 1)[0].strip()
    words = (first[2:].split() if first.startswith("#!") else []) or ["/bin/sh"]
    program = PurePosixPath(words[0]).name
    if program == "env":
        program = words[1] if len(words) > 1 else ""
    return words, program


def _shell_complaint(shell: str, script: str) -> str | None:
    path = shutil.which(shell, path=_PLACES)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "-n"],
            input=script.encode("utf-8"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{shell} -n does not come to an end with it in {_SECONDS} seconds"
    except OSError:
        return None
    return None if done.returncode == 0 else _shell_words(shell, done.stderr)


def _shell_words(shell: str, told: bytes) -> str:
    first = told.decode("utf-8", errors="replace").split("\n", 1)[0]
    found = _SHELL_WORDS.fullmatch(first)
    where = f"line {found[1]}: {shown(found[2])}" if found else shown(first) or "nested too deeply"
    hint = "" if shell == "bash" else ". If it is meant for bash, begin it with #!/bin/bash"
    return f"is not what {shell} understands: {where}{hint}"


def _python_complaint(script: str) -> str | None:
    """Only parsed: compiling doubles the code with each nested `finally`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(script)
    except SyntaxError as error:
        return f"is not what python3 understands: line {error.lineno}: {shown(error.msg)}"
    except (ValueError, RecursionError, MemoryError):
        return "is not what python3 understands: it is nested too deeply"
    return None


def _line_of(text: str, part: str) -> int:
    return text.count("\n", 0, text.index(part)) + 1
