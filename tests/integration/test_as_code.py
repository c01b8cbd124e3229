"""Commands and runbooks as files: written the same each time, imported whole or not at all."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescuebot import as_code, tables
from rescuebot.as_code import Document, Documents
from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.runbooks import service as runbooks
from tests import factories

LATER = factories.NOW + timedelta(hours=1)
STARTER = Path(__file__).parents[2] / "rescuebot" / "starter"


def export(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return as_code.export(session=session)


def documents(files: dict[str, str], *, whole: bool = True) -> Documents:
    return Documents(
        files=tuple(Document(name=name, text=text) for name, text in files.items()), whole=whole
    )


def import_(
    database: Database,
    files: dict[str, str],
    *,
    force: bool = False,
    whole: bool = True,
    **how: Any,
) -> dict[str, int]:
    """Plan and apply in one transaction; the counts that are not zero."""
    with database.transaction() as session:
        plan = as_code.plan(session=session, documents=documents(files, whole=whole), **how)
        done = as_code.apply(session=session, plan=plan, actor="ci", now=LATER, force=force)
    return {outcome: count for outcome, count in done.items() if count}


def dry_run(database: Database, files: dict[str, str], **how: Any) -> as_code.Plan:
    with database.reading() as session:
        return as_code.plan(session=session, documents=documents(files), **how)


def edit(database: Database, version: int, **changes: Any) -> None:
    """A person changes the runbook by hand."""
    with database.transaction() as session:
        runbooks.update(
            session=session,
            which="Start MySQL",
            changes=changes,
            expected_version=version,
            actor="alice",
            now=LATER,
        )


def version_of(database: Database, title: str = "Start MySQL") -> int:
    with database.reading() as session:
        return runbooks.get(session=session, which=title).version


def empty(database: Database) -> None:
    with database.transaction() as session:
        for table in reversed(tables.metadata.sorted_tables):
            session.execute(table.delete())


def test_an_export_is_one_readable_file_a_service(database: Database) -> None:
    factories.a_command(database, command_script="set -e\n\tpgrep -x mariadbd  \n")
    factories.a_runbook(database, description="한국어 é")
    factories.a_runbook(database, title="A first one", mode="ask", attempts=2)
    factories.a_runbook(database, title="Make room", service_type="disk")
    files = export(database)
    assert list(files) == ["disk.yaml", "mysql.yaml"]
    assert re.sub("[0-9a-f]{12}", "<hash>", files["mysql.yaml"]) == EXPORTED
    assert export(database) == files


EXPORTED = """\
# Rescue Bot: commands and runbooks of mysql, written by salt-run rescue.export.
# `based_on` names what an item was when it was exported; leave it when you edit one.

commands:

- command_name: mysql_status
  target_service: mysql
  command_type: status
  command_script: |
    set -e
    <tab>pgrep -x mariadbd<two spaces>
  based_on: sha256:<hash>

runbooks:

- title: A first one
  service_type: mysql
  error_pattern: no process
  attempts: 2
  solution_kind: state
  solution_script: rescue.mysql
  based_on: sha256:<hash>

- title: Start MySQL
  service_type: mysql
  description: 한국어 é
  error_pattern: no process
  mode: auto
  solution_kind: state
  solution_script: rescue.mysql
  based_on: sha256:<hash>
""".replace("<tab>", "\t").replace("<two spaces>", "  ")


def test_what_is_deleted_is_not_exported(database: Database) -> None:
    factories.a_runbook(database)
    with database.transaction() as session:
        runbooks.delete(
            session=session, which="Start MySQL", expected_version=1, actor="bob", now=LATER
        )
    assert export(database) == {}


def test_an_import_is_idempotent(database: Database) -> None:
    factories.a_command(database)
    factories.a_runbook(database)
    files = export(database)
    assert import_(database, files) == {"unchanged": 2}
    empty(database)
    assert import_(database, files) == {"created": 2}
    assert export(database) == files
    assert import_(database, files) == {"unchanged": 2}
    with database.reading() as session:
        (version,) = runbooks.versions(session=session, which="Start MySQL")
        assert version.changed_by == "ci (import)"
        runbook = runbooks.get(session=session, which="Start MySQL")
        assert (runbook.created_by, runbook.updated_by) == ("ci", "ci")
        assert len(audit.list_(session=session)) == 2


def test_a_dry_run_shows_the_difference_and_changes_nothing(database: Database) -> None:
    factories.a_runbook(database)
    files = export(database)
    edited = {"mysql.yaml": files["mysql.yaml"].replace("mode: auto", "mode: ask")}
    plan = dry_run(database, edited)
    (item,) = plan.items
    assert (item.outcome, item.words) == ("updated", "was changed in the file")
    assert item.diff == "--- the ledger\n+++ the file\n@@ -1 +0,0 @@ mode\n-mode: auto\n"
    assert (item.file, item.line) == ("mysql.yaml", 6)
    assert plan.told()["counts"]["updated"] == 1
    assert version_of(database) == 1
    assert import_(database, edited) == {"updated": 1}
    assert version_of(database) == 2


def test_what_no_file_names_is_left_alone_unless_pruned(database: Database) -> None:
    factories.a_command(database)
    factories.a_runbook(database)
    factories.a_runbook(database, title="Make room", service_type="disk")
    files = export(database)
    only = {"disk.yaml": files["disk.yaml"]}
    assert import_(database, only) == {"unchanged": 1}
    # One file tells nothing about other services.
    assert import_(database, only, prune=True, whole=False) == {"unchanged": 1}
    assert import_(database, only, prune=True) == {"unchanged": 1, "deleted": 2}
    with database.reading() as session:
        assert [r.title for r in runbooks.list_(session=session)] == ["Make room"]
        assert not commands.list_(session=session)
    assert import_(database, files) == {"unchanged": 1, "restored": 2}
    assert version_of(database) == 3
    with pytest.raises(Invalid, match="hold nothing, so all would be deleted"):
        import_(database, {"a.yaml": "# nothing\n"}, prune=True)


def test_what_comes_back_comes_as_the_file_has_it(database: Database) -> None:
    factories.a_runbook(database)
    files = export(database)
    with database.transaction() as session:
        runbooks.delete(
            session=session, which="Start MySQL", expected_version=1, actor="b", now=LATER
        )
    edited = {"mysql.yaml": files["mysql.yaml"].replace("mode: auto", "mode: shadow")}
    assert import_(database, edited) == {"restored": 1}
    with database.reading() as session:
        assert runbooks.get(session=session, which="Start MySQL").mode == "shadow"


def test_what_was_changed_on_both_sides_is_a_conflict_with_both_diffs(database: Database) -> None:
    factories.a_command(database)
    factories.a_runbook(database)
    text = export(database)["mysql.yaml"]
    edit(database, 1, priority=5)
    edited = {"mysql.yaml": text.replace("no process", "died").replace("pgrep -x", "pgrep -f")}
    command, runbook = dry_run(database, edited).items
    assert (command.outcome, runbook.outcome) == ("updated", "conflict")
    assert runbook.words == "was changed here by alice (version 2) and in the file"
    assert "-priority: 5\n" in runbook.diff and "+error_pattern: died\n" in runbook.diff
    assert "+priority: 5\n" in runbook.here and "error_pattern" not in runbook.here
    assert "+error_pattern: died\n" in runbook.there and "priority" not in runbook.there
    with pytest.raises(Conflict, match="nothing was imported: runbook 'Start MySQL' was changed"):
        import_(database, edited)
    with database.reading() as session:
        assert commands.get(session=session, which="mysql_status").version == 1
    assert import_(database, edited, force=True) == {"updated": 1, "conflict": 1}
    with database.reading() as session:
        found = runbooks.get(session=session, which="Start MySQL")
        assert (found.error_pattern, found.priority, found.version) == ("died", 0, 3)
    assert import_(database, edited) == {"unchanged": 2}


def test_what_was_changed_here_alone_is_kept(database: Database) -> None:
    factories.a_runbook(database)
    files = export(database)
    edit(database, 1, priority=5)
    (item,) = dry_run(database, files).items
    assert (item.outcome, item.here) == ("kept", "")
    assert "was changed here alone, by alice (version 2)" in item.words
    assert import_(database, files) == {"kept": 1}
    assert version_of(database) == 2
    assert import_(database, export(database)) == {"unchanged": 1}
    assert import_(database, files, force=True) == {"kept": 1}
    with database.reading() as session:
        assert runbooks.get(session=session, which="Start MySQL").priority == 0


def test_files_can_be_edited_and_taken_back_without_a_new_export(database: Database) -> None:
    factories.a_runbook(database)
    first = export(database)
    second = {"mysql.yaml": first["mysql.yaml"].replace("no process", "second")}
    third = {"mysql.yaml": first["mysql.yaml"].replace("no process", "third")}
    for files in (second, third, first, second):
        assert import_(database, files) == {"updated": 1}
    edit(database, 5, priority=5)
    # What the files had in common with the ledger is the last import, not the first export.
    assert dry_run(database, second).items[0].outcome == "kept"
    assert dry_run(database, first).items[0].outcome == "conflict"


def test_without_a_base_the_file_wins_and_with_an_unknown_one_it_asks(database: Database) -> None:
    factories.a_runbook(database)
    text = export(database)["mysql.yaml"].replace("no process", "died")
    other = re.sub("sha256:.*", "sha256:000000000000", text)
    (item,) = dry_run(database, {"a.yaml": other}).items
    assert (item.outcome, item.here, item.there) == ("conflict", "", "")
    assert "+error_pattern: died" in item.diff
    without = re.sub("  based_on.*\n", "", text)
    (item,) = dry_run(database, {"a.yaml": without}).items
    assert (item.outcome, "-error_pattern: no process" in item.diff) == ("updated", True)


def test_a_plan_that_is_too_old_is_not_applied(database: Database) -> None:
    factories.a_runbook(database)
    edited = export(database)["mysql.yaml"].replace("no process", "died")
    plan = dry_run(database, {"mysql.yaml": edited})
    edit(database, 1, priority=5)
    with pytest.raises(Conflict, match="version 2 now"), database.transaction() as session:
        as_code.apply(session=session, plan=plan, actor="ci", now=LATER)


BAD = """\
commands:
- command_name: ok
  target_service: mysql
  command_type: status
  command_script: |
    if true
- target_service: mysql
- just words
runbooks:
- title: Start MySQL
  service_type: mysql
  error_pattern: (
  priority: high
  solution_kind: state
  solution_script: rescue.mysql
- title: start mysql
  based_on: 12
other: []
"""


def test_every_problem_of_every_file_is_told_with_its_line(database: Database) -> None:
    with pytest.raises(Invalid, match="Nothing was imported") as caught:
        import_(
            database,
            {
                "a.yaml": BAD,
                "b.yaml": "runbooks: 3\n",
                "c.yaml": "x: [\n",
                "d.yaml": "- title: Fine\n  service_type: web\n",
                "e.yaml": "words",
                "f.yaml": "runbooks:\ncommands: []\n",
                "g.yaml": "a: 1\na: 2\n",
            },
        )
    assert sorted(problem.field for problem in caught.value.problems) == sorted(
        [
            "a.yaml line 5, command 'ok', command_script",
            "a.yaml line 7",
            "a.yaml line 8",
            "a.yaml line 12, runbook 'Start MySQL', error_pattern",
            "a.yaml line 13, runbook 'Start MySQL', priority",
            "a.yaml line 16, runbook 'start mysql', title",
            "a.yaml line 17, runbook 'start mysql', based_on",
            *(
                f"a.yaml line 16, runbook 'start mysql', {field}"
                for field in ("service_type", "error_pattern", "solution_kind", "solution_script")
            ),
            "a.yaml line 18",
            "b.yaml line 1",
            "c.yaml line 2",
            *(
                f"d.yaml line 1, runbook 'Fine', {field}"
                for field in ("error_pattern", "solution_kind", "solution_script")
            ),
            "e.yaml line 1",
            "g.yaml line 2",
        ]
    )
    with database.reading() as session:
        assert not commands.list_(session=session)


def test_what_is_in_the_ledger_already_is_no_problem_whatever_it_holds(database: Database) -> None:
    factories.a_command(database)
    with database.transaction() as session:
        # As if it had been registered before scripts were checked.
        commands.get(session=session, which="mysql_status").command_script = "if"
    files = export(database)
    assert import_(database, files) == {"unchanged": 1}
    edited = {
        "mysql.yaml": files["mysql.yaml"].replace(
            "status\n  command_script", "restart\n  command_script"
        )
    }
    with pytest.raises(Invalid, match="command 'mysql_status', command_script"):
        import_(database, edited)


def test_a_command_keeps_the_case_of_its_name_and_a_title_can_change_it(database: Database) -> None:
    factories.a_command(database)
    factories.a_runbook(database)
    text = export(database)["mysql.yaml"]
    with pytest.raises(Invalid, match="is registered as mysql_status; write it so"):
        import_(database, {"mysql.yaml": text.replace("mysql_status", "MySQL_status")})
    renamed = {"mysql.yaml": text.replace("Start MySQL", "START MySQL")}
    assert import_(database, renamed) == {"unchanged": 1, "updated": 1}


def test_a_runbook_moves_to_another_service(database: Database) -> None:
    factories.a_runbook(database)
    text = export(database)["mysql.yaml"].replace("service_type: mysql", "service_type: mariadb")
    assert import_(database, {"mysql.yaml": text}) == {"updated": 1}
    assert list(export(database)) == ["mariadb.yaml"]


def test_files_are_written_at_once_and_only_ours_are_touched(
    database: Database, tmp_path: Path
) -> None:
    factories.a_runbook(database)
    factories.a_runbook(database, title="Make room", service_type="disk")
    folder = tmp_path / "deep" / "runbooks"
    done = as_code.write(directory=folder, files=export(database))
    assert done == {"written": ["disk.yaml", "mysql.yaml"], "unchanged": [], "removed": []}
    (folder / "own.yaml").write_text("# mine\n")
    (folder / "README.md").write_text("# Rescue Bot\n")
    (folder / "link.yaml").symlink_to(folder / "mysql.yaml")
    edit(database, 1, service_type="mariadb")
    done = as_code.write(directory=folder, files=export(database))
    assert done == {
        "written": ["mariadb.yaml"],
        "unchanged": ["disk.yaml"],
        "removed": ["mysql.yaml"],
    }
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "disk.yaml", "link.yaml", "mariadb.yaml", "own.yaml"]
    (folder / "mariadb.yaml").write_text("# somebody's\n")
    (folder / "disk.yaml").unlink()
    with pytest.raises(Conflict, match="mariadb.yaml in .* does not begin with"):
        as_code.write(directory=folder, files=export(database))
    assert not (folder / "disk.yaml").exists()


def test_files_that_cannot_be_written_or_read_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match="cannot be written: "):
        as_code.write(directory=tmp_path / "file" / "below", files={})
    with pytest.raises(Invalid, match="'../x.yaml' cannot be a file"):
        as_code.write(directory=tmp_path, files={"../x.yaml": ""})
    with pytest.raises(NotFound, match="There is no file or directory"):
        as_code.read(tmp_path / "nowhere")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "b.yaml").write_bytes(b"#" * (8 * 1024 * 1024 + 1))
    with pytest.raises(Invalid) as caught:
        as_code.read(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        "a.yaml: must be UTF-8",
        "b.yaml: must be at most 8388608 bytes",
    ]


def test_a_directory_or_one_file_is_read(database: Database, tmp_path: Path) -> None:
    factories.a_runbook(database)
    as_code.write(directory=tmp_path, files=export(database))
    (tmp_path / ".hidden.yaml").write_text("x: [")
    (tmp_path / "sub.yaml").mkdir()
    whole, one = as_code.read(tmp_path), as_code.read(tmp_path / "mysql.yaml")
    assert (whole.whole, one.whole) == (True, False)
    assert whole.files == one.files
    assert [item.name for item in as_code.items_of(one)] == ["Start MySQL"]


def test_the_starter_set_is_read_by_the_same_reader(database: Database) -> None:
    files = {path.name: path.read_text() for path in sorted(STARTER.glob("*.yaml"))}
    created = import_(database, files)
    assert created["created"] >= 40 and list(created) == ["created"]
    exported = export(database)
    assert import_(database, files) == {"unchanged": created["created"]}
    assert import_(database, exported) == {"unchanged": created["created"]}


def test_aliases_that_grow_without_end_are_refused(database: Database) -> None:
    lines = ["- &a {title: x, description: [" + "ha," * 50 + "]}"]
    for last, this in zip("abcdefghij", "bcdefghijk", strict=False):
        lines.append(f"- &{this} [{', '.join([f'*{last}'] * 9)}]")
    with pytest.raises(Invalid, match="when its aliases are written out"):
        import_(database, {"a.yaml": "\n".join(lines)})


# The C library reads some texts otherwise than Python does; neither may be led astray.
OTHER_READER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@pytest.mark.parametrize(
    "script", ["\n\t:\n", "\t:\n:\n", "  :\n:", ":\n\n\n", ":\n  ", "\n \n:\n"]
)
def test_every_reader_of_yaml_finds_the_script_as_it_is(database: Database, script: str) -> None:
    factories.a_command(database, command_script=script)
    text = export(database)["mysql.yaml"]
    for reader in (yaml.SafeLoader, OTHER_READER):
        assert yaml.load(text, Loader=reader)["commands"][0]["command_script"] == script


nasty = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.text(" \t\n#:-|>'\"%{}[]&*!?,aé한😀\x85\u2028\ufeff\r\x1b", max_size=30),
    st.text(" \n\ta", max_size=10),
    st.integers(1, 3000).map(lambda n: "long " * n),
)
# A shell takes any text in a quoted here-document.
scripts = nasty.filter(lambda text: "EOF" not in text).map(
    lambda text: f"cat <<'EOF'\n{text}\nEOF\n"
) | nasty.map(lambda text: "\n".join(f"# {line}" for line in text.split("\n")))
ends = st.text(" \t\n", max_size=4)
padded = st.tuples(ends, scripts, ends).map("".join).filter(lambda text: "\r\n" not in text)
titles = st.text(
    st.characters(categories=["L", "N", "P", "S"], max_codepoint=0xFFFF), min_size=1, max_size=20
).filter(lambda text: text == text.strip())
described = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n\t "), max_size=40
)
generated_commands = st.builds(
    dict,
    command_script=padded,
    target_service=st.sampled_from(["mysql", "a.b_c", "0", "null", "y"]),
    command_type=st.sampled_from(["restart", "status", "log_check"]),
)
generated_runbooks = st.builds(
    dict,
    description=described,
    service_type=st.sampled_from(["mysql", "no", "1e3"]),
    error_pattern=titles.map(re.escape) | st.sampled_from(["", "a|b: c", "'", "#x", "yes", " a "]),
    priority=st.integers(-1000, 1000),
    mode=st.sampled_from(["shadow", "ask", "auto"]),
    enabled=st.booleans(),
    attempts=st.none() | st.integers(1, 20),
    retry_seconds=st.none() | st.integers(0, 3600),
    solution_kind=st.just("shell"),
    solution_script=padded,
)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True),
        generated_commands,
        max_size=3,
    ),
    st.dictionaries(titles, generated_runbooks, max_size=3),
)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_exported_and_imported_elsewhere_is_the_same_to_the_byte(
    database: Database, some_commands: dict[str, Any], some_runbooks: dict[str, Any]
) -> None:
    empty(database)
    written: dict[tuple[str, str], str] = {}
    for name, fields in some_commands.items():
        try:
            factories.a_command(database, command_name=name, **fields)
        except Conflict:  # the same name in another case
            continue
        written["command", name] = fields["command_script"]
    for title, fields in some_runbooks.items():
        try:
            factories.a_runbook(database, title=title, **fields)
        except Conflict:
            continue
        written["runbook", title] = fields["solution_script"]
    files = export(database)
    assert all(text.endswith("\n") and "\r" not in text for text in files.values())
    for text in files.values():
        assert yaml.load(text, Loader=OTHER_READER) == yaml.safe_load(text)
    empty(database)
    import_(database, files)
    assert export(database) == files
    with database.reading() as session:
        found = {
            ("command", c.command_name): c.command_script
            for c in commands.list_(session=session, limit=None)
        } | {
            ("runbook", r.title): r.solution_script
            for r in runbooks.list_(session=session, limit=None)
        }
    assert found == written
