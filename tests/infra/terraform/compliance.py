"""Run by the tools' own Python: terraform-compliance over many plans, in one process.

Reads cases as JSON from stdin, each a plan, a folder of features and an expression of tags. Each
runs in a fork, because the tool keeps its state in globals and importing it takes long. Writes
what became of each scenario: ``[{"<feature>: <scenario>": "passed"}, …]``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def run(case: dict[str, Any], report: Path, words: Path) -> dict[str, str]:
    """One case, in a fork of its own."""
    child = os.fork()
    if not child:
        _quietly(words)
        # Else a fork would be given the resources of the one before.
        Defaults.cache_dir = tempfile.mkdtemp(dir=report.parent)
        sys.argv = ["terraform-compliance"]
        sys.argv += ["-p", case["plan"], "-f", case["features"], f"--tags={case['tags']}"]
        sys.argv += [f"--cucumber-json={report}"]
        # A failed scenario ends the tool with SystemExit; the report has been written by then.
        try:
            main.cli()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, 0)
    if not report.exists():
        return {"": words.read_text()[-3000:]}
    found = _verdicts(json.loads(report.read_text()))
    report.unlink()
    return found


def _remember(options: Path) -> None:
    """Have radish take its options from the first fork, for its parser needs a second for them.

    What differs from case to case is in the words of the command line, and replaced by them.
    """
    radish = importlib.import_module("radish.main")
    parse = radish.docopt

    def known(usage: str, argv: list[str], version: str) -> Any:
        if not options.exists():
            options.write_text(json.dumps(dict(parse(usage, argv=argv, version=version))))
        found = json.loads(options.read_text())
        for word in argv:
            name, equals, value = word.partition("=")
            if equals and isinstance(found.get(name), str):
                found[name] = value
        found["<features>"] = [word for word in argv if word.startswith("/")]
        found["--user-data"] = [
            word.partition("=")[2] for word in argv if word.startswith("--user-data=")
        ]
        return found

    radish.docopt = known


def _quietly(words: Path) -> None:
    output = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _verdicts(features: list[dict[str, Any]]) -> dict[str, str]:
    return {
        f"{feature['name']}: {scenario['name']}": _verdict(scenario)
        for feature in features
        for scenario in feature["elements"]
    }


def _verdict(scenario: dict[str, Any]) -> str:
    results = [step["result"]["status"] for step in scenario["steps"]]
    if "failed" in results:
        return "failed"
    return "passed" if set(results) == {"passed"} else f"not run: {results}"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    # It greets on stdout when it is imported.
    told, sys.stdout = sys.stdout, sys.stderr
    # Only here: it is not in the tests' own environment.
    from terraform_compliance import main
    from terraform_compliance.common.defaults import Defaults

    sys.stdout = told
    # A shell for debugging that nobody asks for, imported once instead of in each fork.
    importlib.import_module("IPython")
    _remember(place / "options.json")
    cases = json.load(sys.stdin)
    json.dump([run(case, place / "report.json", place / "words.txt") for case in cases], told)
    told.flush()
    main.cleanup()
    os._exit(0)
