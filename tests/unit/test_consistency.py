"""The house rules, held by test: floors, sizes, names, documentation."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescuebot import errors
from rescuebot.settings import Section, Settings

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "rescuebot"
API = ROOT / "webui/api"
DOORS = (ROOT / "salt", API)
MIGRATIONS = LIBRARY / "migrations/versions"
STORIES = {
    "intake",
    "remediation",
    "admitting",
    "amending",
    "advising",
    "approving",
    "archiving",
    "restoring",
    "consulting",
    "proposing",
    "as_code",
    "by_hand",
    "correcting",
    "retrying",
    "closing",
    "chatops",
    "census",
    "dashboard",
    "dispatching",
    "guarding",
    "gathering",
    "halting",
    "inspecting",
    "learning",
    "looking",
    "notifying",
    "previewing",
    "rehearsal",
    "replay",
    "signing_in",
    "tracking",
    "telling",
    "sweeping",
    "tidying",
    "values",
    "watermarks",
    "receiver",
    "doctor",
    "history",
    "starter",
}
GROUND = {
    "faults",
    "database",
    "database_urls",
    "settings",
    "errors",
    "clock",
    "logs",
    "paging",
    "cursors",
    "one_by_one",
}
# Beside both: they see all tables, or belong to no floor.
BESIDE = {"tables", "migrations", "loader", "plain", "console", "columns"}


def modules() -> Iterator[tuple[str, Path]]:
    """The modules of the library by dotted name without its first part."""
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if parts[:2] != ("migrations", "versions"):
            yield name, path


def imported(path: Path) -> set[str]:
    """All that a module imports, by full dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def floor(name: str) -> int:
    """0 ground, 1 adapters, 2 nouns, 3 stories."""
    room = name.split(".")[0]
    if room in GROUND:
        return 0
    if room == "adapters":
        return 1
    return 3 if room in STORIES else 2


def ours(path: Path) -> set[str]:
    return {name.removeprefix("rescuebot.") for name in imported(path) if "rescuebot." in name}


@pytest.mark.parametrize(("name", "path"), list(modules()))
def test_the_library_imports_neither_salt_nor_flask(name: str, path: Path) -> None:
    assert not {item.split(".")[0] for item in imported(path)} & {"salt", "flask", "devstack"}


@pytest.mark.parametrize(
    ("name", "path"), [item for item in modules() if item[0].split(".")[0] not in BESIDE]
)
def test_imports_go_down_the_floors(name: str, path: Path) -> None:
    up = {other for other in ours(path) if other.split(".")[0] not in BESIDE and other}
    # The life of an engine is a door's helper that lives with its noun: it may ask for migrations.
    assert all(floor(other) <= floor(name) for other in up), up


def test_the_api_calls_no_salt_and_asks_the_ledger_nothing_itself() -> None:
    """It parses, calls the library, returns: no query, no function of Salt, no devstack."""
    for path in API.rglob("*.py"):
        found = imported(path)
        assert not {name.split(".")[0] for name in found} & {"salt", "devstack", "lambdas"}, path
        queries = {"sqlalchemy.select", "sqlalchemy.update", "sqlalchemy.delete", "sqlalchemy.text"}
        assert not found & queries, path


def test_adapters_know_no_nouns() -> None:
    for path in (LIBRARY / "adapters").glob("*.py"):
        assert {name.split(".")[0] for name in ours(path)} <= {"errors", "settings", "adapters"}


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*/service.py")), ids=lambda p: p.parent.name)
def test_services_are_keyword_only_and_never_commit(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            assert not node.args.args or node.name == "owner_name", f"{path}: {node.name}"
    assert ".commit(" not in path.read_text()


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("rescuebot", "salt", "devstack", "webui/api", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.parent != MIGRATIONS and "_modules" not in path.parts
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_stay_short_and_open_with_a_sentence(path: Path) -> None:
    text = path.read_text()
    limit = 400 if "tests" not in path.parts else 600
    assert len(text.splitlines()) <= limit
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no sentence at the top"


def test_every_public_function_of_the_library_and_of_the_doors_says_what_it_does() -> None:
    silent = []
    for path in [path for root in (LIBRARY, *DOORS) for path in root.rglob("*.py")]:
        # What lies under states/_modules is a link to salt/_modules.
        if path.parent == MIGRATIONS or path.name == "env.py" or "states" in path.parts:
            continue
        for node in offered(ast.parse(path.read_text())):
            if not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert [entry for entry in silent if not entry.endswith(WELL_KNOWN)] == []


def offered(holder: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """What a module or a class offers; helpers inside of functions are nobody else's."""
    for node in holder.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from offered(node)


# What is named and meant by whom it overrides.
WELL_KNOWN = (" load_dialect_impl", " process_bind_param", " process_result_value", " Meta")


RUNNERS = sorted((ROOT / "salt/_runners").glob("rescue*.py"))


def test_every_runner_function_has_a_cli_example() -> None:
    for path in RUNNERS:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                words = ast.get_docstring(node) or ""
                name = f"rescue.{node.name.rstrip('_')}"
                assert "CLI Example:" in words and name in words, node.name


def test_all_runner_files_are_one_runner_and_give_away_nothing_else() -> None:
    """Salt offers every function that a runner file can see, also those that it imported."""
    names: list[str] = []
    for path in RUNNERS:
        tree = ast.parse(path.read_text())
        names += [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        imported = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        for alias in (alias for node in imported for alias in node.names):
            public = (alias.asname or alias.name).islower()
            assert not public or _is_module(path, alias.name), f"{path.name}: {alias.name}"
    shared = {"__virtual__"}
    seen = [name for name in names if not name.startswith("_") and name not in shared]
    assert len(seen) == len(set(seen))


def _is_module(path: Path, name: str) -> bool:
    """Whether a name that is imported from a package is a module of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            spec = importlib.util.find_spec(f"{node.module}.{name}") if node.module else None
            return spec is not None or node.module == "pathlib"
    return False


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [errors.RescueError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    codes = [kind.code for kind in kinds if kind.__module__.startswith("rescuebot")]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def paths_of(section: type[Section], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from paths_of(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    assert [path for path in paths_of(Settings) if f"`{path}`" not in text] == []


def test_the_wheel_holds_every_package_of_the_library() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in LIBRARY.rglob("__init__.py")}
    assert found <= named


def test_logs_are_event_names_with_fields_and_no_f_strings() -> None:
    for path in [*(path for _, path in modules()), *API.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}:{node.lineno}"
                assert re.fullmatch(r"[a-z_]+", str(first.value)), f"{path}:{node.lineno}"


def test_no_file_names_a_package_index() -> None:
    for path in [*(ROOT / "requirements").iterdir(), ROOT / "setup.cfg", ROOT / "Makefile"]:
        assert not re.search(r"--(extra-)?index-url|--find-links|https?://", path.read_text()), path


def test_the_reference_pages_are_those_that_make_docs_would_write() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/make_reference.py")
    assert spec is not None and spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    assert reference.PAGE.read_text() == reference.runner_page(), "run: make docs"
