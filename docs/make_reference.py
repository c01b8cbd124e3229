"""Write the reference pages that are made from the code: docs/runner.md."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "salt/_runners/rescue.py"
PAGE = ROOT / "docs/runner.md"

_HEAD = """# The runner `rescue`

*Made from `salt/_runners/rescue.py` by `make docs`.*

"""


def runner_page() -> str:
    """The page: what each function does, its arguments, an example."""
    tree = ast.parse(RUNNER.read_text(encoding="utf-8"))
    parts = [_HEAD + _prose(ast.get_docstring(tree) or "")]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parts.append(_function(node))
    return "\n\n".join(parts) + "\n"


def _function(node: ast.FunctionDef) -> str:
    words, _, example = (ast.get_docstring(node) or "").partition("CLI Example:")
    lines = example.replace(".. code-block:: bash", "").strip().splitlines()
    code = "\n".join(line.strip() for line in lines)
    return f"## rescue.{node.name}({ast.unparse(node.args)})\n\n{_prose(words)}\n\n```\n{code}\n```"


def _prose(text: str) -> str:
    """reStructuredText's double backticks are Markdown's single ones."""
    return inspect.cleandoc(text).strip().replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(runner_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
