"""Write the reference pages that are made from the code: docs/runner.md."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNNERS = tuple(
    ROOT / "salt/_runners" / f"rescue{part}.py"
    for part in (
        "",
        "_runbooks",
        "_rehearsal",
        "_approvals",
        "_guard",
        "_events",
        "_notices",
        "_advice",
        "_archive",
        "_people",
    )
)
PAGE = ROOT / "docs/runner.md"

_HEAD = """# The runner `rescue`

*Made from `salt/_runners/rescue*.py` by `make docs`.*

"""


def runner_page() -> str:
    """The page: what each function does, its arguments, an example."""
    parts = [_HEAD.rstrip()]
    for path in RUNNERS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        title, _, rest = (ast.get_docstring(tree) or "").partition("\n")
        parts += [f"## {_prose(title).rstrip('.')}", _prose(rest)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                parts.append(_function(node))
    return "\n\n".join(part for part in parts if part) + "\n"


def _function(node: ast.FunctionDef) -> str:
    words, _, example = (ast.get_docstring(node) or "").partition("CLI Example:")
    lines = example.replace(".. code-block:: bash", "").strip().splitlines()
    code = "\n".join(line.strip() for line in lines)
    name = node.name.rstrip("_")
    return f"### rescue.{name}({ast.unparse(node.args)})\n\n{_prose(words)}\n\n```\n{code}\n```"


def _prose(text: str) -> str:
    """reStructuredText's double backticks are Markdown's single ones."""
    return inspect.cleandoc(text).strip().replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(runner_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
