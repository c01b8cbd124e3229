"""Edit and approve: one text for one answer, whoever wrote it is known, the original stays."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from rescuebot import amending, approving, inspecting, previewing, retrying, watermarks
from rescuebot.advice.model import Draft, DraftState
from rescuebot.amending import Wanted
from rescuebot.approvals.model import Amendment, Approval, ApprovalState
from rescuebot.audit.model import AuditEntry
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid
from rescuebot.events.model import Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.runbooks.model import RunbookMode, RunbookScript
from rescuebot.settings import GuardSettings, Settings
from rescuebot.tracking import Return
from tests import factories
from tests.conftest import open_database
from tests.factories import MINION, NO_GUARD
from tests.integration.test_advising import FIX, Shop, shop_of
from tests.integration.test_remediation import an_event, handle
from tests.integration.test_tracking import FakeFleet, Scene

OLD = "systemctl restart mysqld\n"
NEW = "systemctl start mysqld\n"
GENTLER = "service_is_up:\n  service.running:\n    - name: shopd\n    - enable: true\n"
ALONE = GuardSettings(**{**NO_GUARD.model_dump(), "four_eyes": False})


@pytest.fixture
def scene(database: Database) -> Scene:
    """A shell script that `tests` has written waits for a person."""
    return waiting(database, solution_kind="shell", solution_script=OLD)


def waiting(database: Database, **runbook: Any) -> Scene:
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.ASK, **runbook)
    assert handle(database, an_event(database)) == {"held": 1}
    return Scene(database=database, fleet=FakeFleet(), settings=Settings(guard=NO_GUARD))


def asked(scene: Scene) -> Approval:
    with scene.database.reading() as session:
        return session.scalars(select(Approval).order_by(Approval.id.desc()).limit(1)).one()


def fix(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scene.executions()[-1].pinned)["fix"]
    return found


def amend(scene: Scene, solution: str = NEW, **changes: Any) -> int:
    values = {"actor": "sato", "digest": asked(scene).digest, "now": scene.now, **changes}
    wanted = Wanted(solution=solution, arguments=values.pop("arguments", None))
    return amending.amend(asked(scene).id, wanted=wanted, database=scene.database, **values)


def approve(scene: Scene, actor: str = "kim", **changes: Any) -> int:
    values = {"settings": NO_GUARD, "digest": asked(scene).digest, "now": scene.now, **changes}
    return approving.approve(asked(scene).id, actor=actor, database=scene.database, **values)


def preview(scene: Scene, dispatch_id: str | None = None, **changes: Any) -> bool:
    if dispatch_id is None:
        previewing.ask_due(database=scene.database, fleet=scene.fleet, now=scene.now)
    approval = asked(scene)
    value = {
        "rescue": 1,
        "dispatch": dispatch_id or approval.preview_dispatch,
        "verdict": "previewed",
        "output": "would start it",
        **changes,
    }
    minion = scene.executions()[-1].minion_id
    given = Return(jid=approval.preview_jid or "1", minion_id=minion, value=value)
    return previewing.record(given, database=scene.database, now=scene.now)


def shown(scene: Scene, actor: str = "kim", settings: GuardSettings = NO_GUARD) -> dict[str, Any]:
    with scene.database.reading() as session:
        found = inspecting.shown(
            session=session,
            approval_id=asked(scene).id,
            actor=actor,
            settings=settings,
            now=scene.now,
        )
    assert json.loads(json.dumps(found)) == found, "the runner returns it"
    return found


def count(scene: Scene, table: Any) -> int:
    with scene.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def change(scene: Scene, table: Any, **values: Any) -> None:
    with scene.database.transaction() as session:
        session.execute(update(table).values(**values))


def test_what_was_edited_runs_and_the_proposal_is_kept(scene: Scene) -> None:
    before = asked(scene).digest
    amend(scene, comment="it is not hung, it is gone")
    after = asked(scene)
    assert after.state is ApprovalState.PENDING and after.digest != before
    preview(scene)
    approve(scene)
    assert scene.dispatch() == 1
    work = scene.fetch()
    assert work is not None and json.loads(work["pinned"])["fix"]["solution"] == NEW
    scene.bring(scene.result("fixed"))
    assert scene.event().outcome is Outcome.FIXED
    told = shown(scene)
    assert told["amended"]["original"]["solution"] == OLD
    (row,) = told["amended"]["changes"]
    assert (row["amended_by"], row["comment"]) == ("sato", "it is not hung, it is gone")
    assert (row["old_digest"], row["new_digest"]) == (before, after.digest)
    with scene.database.reading() as session:
        words = session.scalars(select(Decision.words).where(Decision.verdict == "amended")).one()
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "approval_amended")
        ).one()
        runbook = session.scalars(select(RunbookScript)).one()
    assert f"digest {before[:12]} is now {after.digest[:12]}" in words and "sato" in words
    assert entry.actor == "sato" and before in entry.detail and after.digest in entry.detail
    assert (runbook.solution_script, runbook.version) == (OLD, 1)


def test_how_an_edited_run_ends_is_no_merit_and_no_fault_of_its_runbook(scene: Scene) -> None:
    amend(scene)
    (run,) = scene.executions()
    assert (run.runbook_id, run.solution_name.endswith(", edited by hand")) == (None, True)
    amend(scene, "true\n", actor="lee")
    assert scene.executions()[0].solution_name == run.solution_name
    assert "sato" not in run.solution_name, "names of remedies are shown to the model"


def test_whoever_had_a_hand_in_it_may_not_approve_it(scene: Scene) -> None:
    amend(scene, actor="web:sato")
    amend(scene, "true\n", actor="web:lee")
    preview(scene)
    for actor in ("sato", "salt-run:Sato", "web:lee"):
        with pytest.raises(Conflict, match="has edited this and may not approve it"):
            approve(scene, actor=actor)
        assert shown(scene, actor)["may_approve"]["reason"] == "own_edit"
    with pytest.raises(Conflict, match="has proposed this"):
        approve(scene, actor="tests")
    assert shown(scene, "web:kim")["may_approve"] == {
        "allowed": True,
        "reason": None,
        "words": "",
        "remedy": "",
    }
    approve(scene, actor="web:kim")


def test_without_four_eyes_the_editor_may_approve(scene: Scene) -> None:
    amend(scene, actor="web:sato")
    preview(scene)
    approve(scene, actor="web:sato", settings=ALONE)
    assert scene.dispatch() == 1


def test_taking_a_row_of_the_changes_away_hides_no_editor(scene: Scene) -> None:
    amend(scene, actor="web:sato")
    preview(scene)
    with scene.database.transaction() as session:
        session.execute(delete(Amendment))
    with pytest.raises(Conflict, match="has edited this"):
        approve(scene, actor="web:sato")
    told = shown(scene)["amended"]
    assert (told["original"], told["changes"]) == (None, [])


def test_an_answer_to_what_was_there_before_the_edit_is_refused(scene: Scene) -> None:
    before = asked(scene).digest
    amend(scene)
    for do in (approving.approve, approving.reject):
        extra = {"settings": NO_GUARD} if do is approving.approve else {}
        with pytest.raises(Conflict, match="is not about what you saw"):
            do(asked(scene).id, actor="kim", digest=before, database=scene.database, **extra)
    with pytest.raises(Conflict, match="is not about what you saw"):
        amend(scene, "true\n", actor="lee", digest=before)
    assert count(scene, Amendment) == 1


def test_going_back_to_the_first_text_is_another_question(scene: Scene) -> None:
    before = asked(scene).digest
    amend(scene)
    amend(scene, OLD)
    assert fix(scene)["solution"] == OLD and asked(scene).digest != before


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("approved", "answered by kim already"),
        ("rejected", "answered by kim already"),
        ("run out", "is open no more"),
    ],
)
def test_what_is_not_open_any_more_cannot_be_edited(scene: Scene, state: str, words: str) -> None:
    if state == "approved":
        approve(scene)
    elif state == "rejected":
        approving.reject(asked(scene).id, actor="kim", database=scene.database, now=scene.now)
    else:
        scene.at += timedelta(minutes=61)
    with pytest.raises(Conflict, match=words):
        amend(scene)
    assert fix(scene)["solution"] == OLD and count(scene, Amendment) == 0


def test_whoever_looks_at_it_is_told_of_an_edit(scene: Scene) -> None:
    def mark() -> str:
        with scene.database.reading() as session:
            return watermarks.marks(session=session)["approvals"]

    before = mark()
    amend(scene)
    assert mark() != before


def test_an_edit_buys_no_time(scene: Scene) -> None:
    before = asked(scene).expires_at
    scene.at += timedelta(minutes=30)
    amend(scene)
    assert asked(scene).expires_at == before


@pytest.mark.parametrize(
    ("kind", "old", "new", "arguments", "problem"),
    [
        ("shell", OLD, "if true; then\n", None, "not what sh understands: line 2"),
        ("shell", OLD, "echo\r\n", None, "CR LF"),
        ("shell", OLD, OLD, None, "is what waits already"),
        ("shell", OLD, NEW, {"A-B": 1}, "small letters"),
        ("shell", OLD, NEW, {"a": "one\ntwo"}, "one line"),
        ("shell", OLD, NEW, {"a": [1]}, "one line"),
        ("shell", OLD, NEW, {f"a{n}": 1 for n in range(11)}, "at most 10"),
        ("sls", FIX, "a: {{ b }}\n", None, "is not rendered"),
        ("sls", FIX, GENTLER, {"a": 1}, "takes none"),
        ("state", "rescue.mysql", "rescue.other", None, "must stay the state"),
        ("state", "rescue.mysql", "rescue.mysql", {}, "is what waits already"),
    ],
)
def test_an_edit_is_judged_like_a_runbook(
    database: Database, kind: str, old: str, new: str, arguments: Any, problem: str
) -> None:
    scene = waiting(database, solution_kind=kind, solution_script=old)
    before = asked(scene).digest
    with pytest.raises(Invalid, match=problem):
        amend(scene, new, arguments=arguments)
    assert asked(scene).digest == before and fix(scene)["solution"] == old


def test_the_arguments_of_a_state_are_what_can_be_changed_of_it(database: Database) -> None:
    scene = waiting(database, solution_kind="state", solution_script="rescue.mysql")
    preview(scene, rendered_sha256="ab" * 32)
    assert fix(scene)["rendered_sha256"] == "ab" * 32
    amend(scene, "rescue.mysql", arguments={"lines": 200, "force": True, "unit": "mysqld"})
    assert fix(scene)["arguments"] == {"lines": 200, "force": True, "unit": "mysqld"}
    assert "rendered_sha256" not in fix(scene), "it may render to something else now"
    preview(scene, rendered_sha256="cd" * 32)
    assert fix(scene)["rendered_sha256"] == "cd" * 32
    approve(scene)
    assert scene.dispatch() == 1


def test_it_is_edited_so_often_and_no_more(scene: Scene) -> None:
    for number in range(amending.MOST_EDITS):
        amend(scene, f"echo {number}\n")
    with pytest.raises(Conflict, match="has been edited 20 times"):
        amend(scene, "true\n")


# --- previews --------------------------------------------------------------------------------


def test_the_minion_is_asked_again_and_approval_waits_for_its_answer(scene: Scene) -> None:
    preview(scene, output="of the first text")
    amend(scene)
    assert asked(scene).previewed_at is None and shown(scene)["preview"] is None
    assert shown(scene)["may_approve"]["reason"] == "preview_owed"
    with pytest.raises(Conflict, match="has not told yet what the edited text"):
        approve(scene)
    preview(scene, output="of the second text")
    assert "of the second text" in shown(scene)["preview"]
    approve(scene)


def test_a_late_answer_to_the_first_text_is_not_taken_for_the_second(scene: Scene) -> None:
    previewing.ask_due(database=scene.database, fleet=scene.fleet, now=scene.now)
    first = asked(scene).preview_dispatch
    amend(scene)
    assert (
        previewing.hand_out(dispatch_id=first or "", minion_id=MINION, database=scene.database)
        is None
    )
    assert not preview(scene, dispatch_id=first)
    assert asked(scene).previewed_at is None
    (before,) = scene.fleet.jobs
    preview(scene)
    assert scene.fleet.jobs[-1]["arguments"][1] != before["arguments"][1]


def test_a_tracker_that_looked_before_the_edit_does_not_ask_about_it(scene: Scene) -> None:
    from rescuebot.approvals import previews

    with scene.database.reading() as session:
        (stale,) = previews.due(session=session, now=scene.now(), limit=9)
    amend(scene)
    with scene.database.transaction() as session:
        assert not previews.asked(
            session=session, approval=stale, dispatch_id="0" * 32, jid="1", now=scene.now()
        )


def test_a_minion_that_never_answers_does_not_keep_a_person_from_approving(scene: Scene) -> None:
    amend(scene)
    for _ in range(3):
        previewing.ask_due(database=scene.database, fleet=scene.fleet, now=scene.now)
        with pytest.raises(Conflict, match="has not told yet"):
            approve(scene)
        scene.at += timedelta(seconds=31)
    approve(scene)


# --- tampering -------------------------------------------------------------------------------


def tamper_with_the_original(scene: Scene) -> None:
    change(scene, Amendment, old_pinned=json.dumps({"fix": {"kind": "shell", "solution": "x"}}))


def lose_the_original(scene: Scene) -> None:
    with scene.database.transaction() as session:
        session.execute(delete(Amendment))


def edit_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, solution_script="evil", updated_by="mallory", version=2)


def disable_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, enabled=False)


def take_an_editor_out(scene: Scene) -> None:
    (run,) = scene.executions()
    text = run.pinned.replace('"sato"', '"lee"')
    change(scene, Execution, pinned=text, pinned_sha256=hashlib.sha256(text.encode()).hexdigest())


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (tamper_with_the_original, "before it was edited is not kept as it was"),
        (lose_the_original, "before it was edited is not kept as it was"),
        (edit_the_runbook, "changed by mallory since; version 2 is another solution than the one"),
        (disable_the_runbook, "deleted, disabled or put into shadow mode since"),
        (take_an_editor_out, "what would run is not what was approved"),
    ],
)
def test_what_was_changed_after_the_approval_of_an_edit_is_refused(
    scene: Scene, tamper: Any, why: str
) -> None:
    amend(scene)
    preview(scene)
    approve(scene)
    tamper(scene)
    assert scene.dispatch() == 0
    (run,) = scene.executions()
    assert (run.state, run.verdict) == (ExecutionState.CANCELLED, "tampered")
    assert why in (run.message or "")
    assert asked(scene).state is ApprovalState.REFUSED


def test_an_edited_run_that_failed_is_not_simply_run_again(scene: Scene) -> None:
    amend(scene)
    preview(scene)
    approve(scene)
    scene.dispatch()
    scene.bring(scene.result("changed_not_fixed"))
    (run,) = scene.executions()
    (became,) = retrying.retry(
        [run.id], actor="kim", database=scene.database, settings=scene.settings, now=scene.now
    )
    assert became.became == "conflict" and "had written for that once" in became.words


# --- drafts ----------------------------------------------------------------------------------


def drafted(database: Database) -> Shop:
    shop = shop_of(database)
    shop.alarm()
    shop.advise()
    return shop


def test_an_edited_draft_stays_under_the_rules_for_drafts(database: Database) -> None:
    shop = drafted(database)
    for evil in (FIX.replace("shopd", "sshd"), "a:\n  cmd.run:\n    - name: rm -rf /srv\n"):
        with pytest.raises(Invalid, match="what may not be drafted may not be added"):
            amend(shop, evil)
    amend(shop, GENTLER)
    preview(shop)
    approve(shop)
    assert shop.dispatch() == 1


def test_what_helped_is_the_edit_and_not_the_draft(database: Database) -> None:
    shop = drafted(database)
    amend(shop, GENTLER)
    (draft,) = shop.rows(Draft)
    assert (draft.state, draft.changed_by) == (DraftState.UNUSED, "sato")
    preview(shop)
    approve(shop)
    shop.dispatch()
    shop.bring(shop.result("fixed"), minion=shop.rows(Execution)[-1].minion_id)
    assert shop.rows(Draft)[0].state is DraftState.UNUSED


def test_an_edited_draft_that_would_fail_is_left_to_the_person(database: Database) -> None:
    shop = drafted(database)
    amend(shop, GENTLER)
    preview(shop, verdict="failed", message="no such unit")
    assert asked(shop).state is ApprovalState.PENDING
    assert "no such unit" in shown(shop)["preview"]
    amend(shop, FIX, actor="sato")


# --- races -----------------------------------------------------------------------------------


def at_once(scene: Scene, *works: Any) -> list[str]:
    """Each in a thread with a database of its own, begun together; what became of each."""
    url = scene.database.url.render_as_string(hide_password=False)
    barrier = Barrier(len(works))

    def run(work: Any) -> str:
        own = open_database(url)
        try:
            barrier.wait(10)
            work(own)
        except Conflict:
            return "late"
        finally:
            own.dispose()
        return "heard"

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_two_who_edit_at_once_one_is_heard(scene: Scene) -> None:
    approval = asked(scene)

    def editing(number: int) -> Any:
        return lambda own: amending.amend(
            approval.id,
            wanted=Wanted(solution=f"echo {number}\n"),
            digest=approval.digest,
            actor=f"p{number}",
            database=own,
            now=scene.now,
        )

    told = at_once(scene, *(editing(number) for number in range(4)))
    assert sorted(told) == ["heard"] + ["late"] * 3
    winner = told.index("heard")
    assert fix(scene)["solution"] == f"echo {winner}\n"
    assert fix(scene)["edited"]["by"] == [f"p{winner}"]
    assert count(scene, Amendment) == 1


@pytest.mark.parametrize("times", range(4))
def test_an_approval_and_an_edit_at_once_never_let_the_unseen_run(scene: Scene, times: int) -> None:
    approval = asked(scene)
    told = at_once(
        scene,
        lambda own: approving.approve(
            approval.id,
            actor="kim",
            digest=approval.digest,
            database=own,
            settings=NO_GUARD,
            now=scene.now,
        ),
        lambda own: amending.amend(
            approval.id,
            wanted=Wanted(solution=NEW),
            digest=approval.digest,
            actor="sato",
            database=own,
            now=scene.now,
        ),
    )
    assert sorted(told) == ["heard", "late"]
    if told[0] == "heard":
        assert (fix(scene)["solution"], scene.dispatch()) == (OLD, 1)
    else:
        assert (fix(scene)["solution"], scene.dispatch()) == (NEW, 0)
        assert asked(scene).state is ApprovalState.PENDING


def test_a_preview_and_an_edit_at_once_never_mix(database: Database) -> None:
    scene = waiting(database, solution_kind="state", solution_script="rescue.mysql")
    previewing.ask_due(database=scene.database, fleet=scene.fleet, now=scene.now)
    approval = asked(scene)
    value = {
        "rescue": 1,
        "dispatch": approval.preview_dispatch,
        "verdict": "previewed",
        "rendered_sha256": "ab" * 32,
    }
    given = Return(jid=approval.preview_jid or "", minion_id=MINION, value=value)
    told = at_once(
        scene,
        lambda own: previewing.record(given, database=own, now=scene.now),
        lambda own: amending.amend(
            approval.id,
            wanted=Wanted(solution="rescue.mysql", arguments={"lines": 3}),
            digest=approval.digest,
            actor="sato",
            database=own,
            now=scene.now,
        ),
    )
    after = asked(scene)
    if told[1] == "heard":
        assert "rendered_sha256" not in fix(scene) and after.previewed_at is None
    else:
        assert fix(scene)["rendered_sha256"] == "ab" * 32 and after.previewed_at is not None
