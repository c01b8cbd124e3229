"""custom_resource's zip under AWS's runtime client: doubles of ECS and CloudFormation, real logs.

Whatever goes wrong, the stack is answered; the task really migrates a ledger where it is to.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from devstack import ports
from devstack.emulator import Emulator
from devstack.lambdas import Invocation, LambdaRuntime
from devstack.place import REPOSITORY
from devstack.tasks import CLUSTER, DEFINITION, Answers, TasksDouble
from lambdas import build
from rescuebot import migrations
from tests.conftest import open_database

HANDLER = "custom_resource.handler.handle"
LOG_GROUP, PREFIX = "/rescue/dev/migrations", "migrations"
SECRET = "a-secret-that-nobody-may-read"
PROPERTIES = {
    "Cluster": CLUSTER,
    "TaskDefinition": DEFINITION,
    "Container": "migrations",
    "Subnets": ["subnet-0a1", "subnet-0b2"],
    "SecurityGroups": ["sg-0a1"],
    "LogGroup": LOG_GROUP,
    "LogStreamPrefix": PREFIX,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build("custom_resource", into=tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    started.client("logs").create_log_group(logGroupName=LOG_GROUP)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def _ecs(emulator: Emulator) -> Iterator[TasksDouble]:
    client = emulator.client("logs")

    def log(task_id: str, lines: Sequence[str]) -> None:
        stream = f"{PREFIX}/migrations/{task_id}"
        client.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        if events:
            client.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    with TasksDouble(log=log) as double:
        yield double


@pytest.fixture
def ecs(_ecs: TasksDouble) -> TasksDouble:
    """ECS in a good mood, with no tasks, and a task that says that it has migrated."""
    _ecs.renew()
    _ecs.program = lambda: (0, ["waking up", "migrations code=done from=0010 to=0014", "bye"])
    return _ecs


@pytest.fixture(scope="module")
def _answers() -> Iterator[Answers]:
    with Answers() as answers:
        yield answers


@pytest.fixture
def answers(_answers: Answers) -> Answers:
    """The place of the answers, willing and empty."""
    _answers.renew()
    return _answers


def started(
    folder: Path,
    built: build.Built,
    emulator: Emulator,
    ecs: TasksDouble,
    *,
    timeout: int = 60,
    **environment: str,
) -> LambdaRuntime:
    """The function with all of its logging switched on."""
    surroundings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ENDPOINT_URL_ECS": ecs.url,
        "POLL_SECONDS": "1",
        # At this level botocore and urllib3 would write out the address.
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    }
    return LambdaRuntime(
        folder,
        archive=built.path,
        handler=HANDLER,
        environment=surroundings | environment,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def runtime(
    built: build.Built,
    emulator: Emulator,
    _ecs: TasksDouble,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LambdaRuntime]:
    with started(tmp_path_factory.mktemp("runtime"), built, emulator, _ecs) as one:
        yield one


def event(answers: Answers, **changed: Any) -> dict[str, Any]:
    """A request as CloudFormation makes it."""
    return {
        "RequestType": "Create",
        "RequestId": f"request-{time.monotonic_ns()}",
        "StackId": "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/rescue-app/9f2",
        "ResponseURL": answers.url,
        "ResourceType": "Custom::RescueMigrations",
        "LogicalResourceId": "Migrations",
        "ResourceProperties": PROPERTIES,
    } | changed


def only(answers: Answers) -> dict[str, Any]:
    """The one answer that was given."""
    (told,) = answers.put
    (content,) = answers.bodies
    assert len(content) < 4096 and answers.types == [""]
    return told


def check_silence(called: Invocation, *more: str) -> None:
    """Neither the address, nor words of AWS, nor a secret of a task is in the log or the answer."""
    said = called.log + json.dumps(called.payload) + "".join(more)
    for word in ("a-signature-in-no-log", "words of AWS", SECRET):
        assert word not in said


def test_a_stack_is_made_and_its_tables_with_it(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"

    def migrate() -> tuple[int, list[str]]:
        ran = subprocess.run(
            [sys.executable, "-m", "rescuebot.migrations"],
            env={"PYTHONPATH": str(REPOSITORY), "RESCUE_DATABASE__URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, [*ran.stdout.splitlines(), *ran.stderr.splitlines()]

    ecs.program = migrate
    called = runtime.invoke(event(answers))
    told = only(answers)
    assert called.payload == {"outcome": "migrated", "code": "done"}
    assert told["Status"] == "SUCCESS"
    assert told["Data"]["From"] == "none" and told["Data"]["To"] == migrations.head()
    ledger = open_database(url)
    assert migrations.current(ledger) == migrations.head()
    ledger.dispose()
    operation, given = ecs.asked[0]
    assert operation == "RunTask"
    network = given["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"
    assert network["subnets"] == PROPERTIES["Subnets"]
    assert (given["launchType"], given["count"]) == ("FARGATE", 1)
    assert given["taskDefinition"] == DEFINITION and "overrides" not in given
    check_silence(called)


def test_create_update_and_delete_are_one_resource_and_delete_touches_nothing(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    runtime.invoke(event(answers))
    physical = only(answers)["PhysicalResourceId"]
    runtime.invoke(event(answers, RequestType="Update", PhysicalResourceId=physical))
    before = len(ecs.asked)
    gone = event(
        answers, RequestType="Delete", PhysicalResourceId=physical, ResourceProperties={"x": 1}
    )
    assert runtime.invoke(gone).payload["outcome"] == "deleted"
    assert len(ecs.asked) == before
    assert [told["PhysicalResourceId"] for told in answers.put] == [physical] * 3
    assert [told["Status"] for told in answers.put] == ["SUCCESS"] * 3
    assert [told["RequestId"] for told in answers.put][2] == gone["RequestId"]


def test_a_request_that_comes_again_starts_no_second_task_and_is_answered_the_same(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    same = event(answers)
    for _ in range(3):
        runtime.invoke(same)
    assert len(ecs.tasks) == 1
    assert answers.put[0] == answers.put[1] == answers.put[2]
    runtime.invoke(event(answers))
    assert len(ecs.tasks) == 2


@pytest.mark.parametrize(
    ("trouble", "tasks"),
    [
        ([("RunTask", 400, "ThrottlingException")] * 3, 1),
        ([("RunTask", 500, "ServerException")], 1),
        ([("RunTask", 200, "failures")], 1),
        ([("DescribeTasks", 400, "ThrottlingException")] * 3, 1),
        ([("DescribeTasks", 503, "ServiceUnavailable")], 1),
    ],
    ids=["throttled", "broken", "no capacity", "throttled later", "broken later"],
)
def test_what_passes_is_waited_for(
    runtime: LambdaRuntime,
    ecs: TasksDouble,
    answers: Answers,
    trouble: list[tuple[str, int, str]],
    tasks: int,
) -> None:
    ecs.trouble = list(trouble)
    called = runtime.invoke(event(answers))
    assert only(answers)["Status"] == "SUCCESS"
    assert len(ecs.tasks) == tasks and ecs.trouble == []
    check_silence(called)


def test_a_task_that_ecs_does_not_know_yet_is_asked_for_again(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    ecs.unknown = 1
    runtime.invoke(event(answers))
    assert only(answers)["Status"] == "SUCCESS"


def test_tables_that_are_newer_do_not_stop_a_roll_back(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    ecs.program = lambda: (3, ["migrations code=newer from=0099 to=0099"])
    called = runtime.invoke(event(answers, RequestType="Update"))
    told = only(answers)
    assert told["Status"] == "SUCCESS" and called.payload["outcome"] == "newer"
    assert told["Data"]["Outcome"] == "newer" and told["Data"]["To"] == "0099"


def test_a_stack_goes_back_without_a_task_for_its_database_may_be_what_made_it_fall(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    newer = PROPERTIES | {"TaskDefinition": DEFINITION.rpartition(":")[0] + ":8"}
    ecs.program = lambda: (1, ["migrations code=database_unavailable"])
    runtime.invoke(event(answers, RequestType="Update", OldResourceProperties=newer))
    told = only(answers)
    assert (told["Status"], told["Data"]["Outcome"]) == ("SUCCESS", "rolled_back")
    assert ecs.asked == []


def test_a_migration_that_fails_is_told_by_its_code_and_by_where_its_log_is(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    ecs.program = lambda: (
        1,
        ["migrations code=database_unavailable", f"mysql+pymysql://rescue:{SECRET}@db/rescue"],
    )
    called = runtime.invoke(event(answers))
    told = only(answers)
    assert told["Status"] == "FAILED" and called.function_error == ""
    assert called.payload == {"outcome": "failed", "code": "exit_1_database_unavailable"}
    task = ecs.tasks[0].arn
    assert task in told["Reason"] and "The task says: database_unavailable." in told["Reason"]
    assert f"{LOG_GROUP}, {PREFIX}/migrations/{task.rpartition('/')[2]}" in told["Reason"]
    check_silence(called, json.dumps(told))


def test_an_exit_without_a_line_for_programs_is_told_without_its_words(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    ecs.program = lambda: (137, [f"Killed {SECRET}"])
    called = runtime.invoke(event(answers))
    told = only(answers)
    assert told["Reason"].startswith("exit_137: ") and "The task says" not in told["Reason"]
    check_silence(called, json.dumps(told))


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (
            "CannotPullContainerError: pull image manifest has been retried",
            "CannotPullContainerError",
        ),
        ("ResourceInitializationError: unable to pull secrets", "ResourceInitializationError"),
        (f"{SECRET}", "TaskFailedToStart"),
    ],
)
def test_a_task_that_never_ran_is_told_by_the_name_of_its_reason(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers, reason: str, code: str
) -> None:
    ecs.not_started = reason
    called = runtime.invoke(event(answers))
    told = only(answers)
    assert told["Status"] == "FAILED" and told["Reason"].startswith(f"{code}: ")
    check_silence(called, json.dumps(told))


def test_a_container_that_fails_before_the_migration_is_named_with_its_log(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    ecs.failed_before = "accounts"
    called = runtime.invoke(event(answers))
    told, task = only(answers), ecs.tasks[0].arn.rpartition("/")[2]
    assert called.payload["code"] == "failed_before" and "accounts has failed" in told["Reason"]
    assert told["Reason"].endswith(f"Log: {LOG_GROUP}, accounts/accounts/{task}.")


@pytest.mark.parametrize(
    ("trouble", "code", "tasks"),
    [
        (("RunTask", 400, "AccessDeniedException"), "AccessDeniedException", 0),
        (("RunTask", 400, "ClusterNotFoundException"), "ClusterNotFoundException", 0),
        (("RunTask", 400, "InvalidParameterException"), "InvalidParameterException", 0),
        (("DescribeTasks", 400, "AccessDeniedException"), "AccessDeniedException", 1),
    ],
)
def test_what_does_not_pass_is_told_at_once(
    runtime: LambdaRuntime,
    ecs: TasksDouble,
    answers: Answers,
    trouble: tuple[str, int, str],
    code: str,
    tasks: int,
) -> None:
    ecs.trouble = [trouble]
    began = time.monotonic()
    called = runtime.invoke(event(answers))
    told = only(answers)
    assert time.monotonic() - began < 40
    assert told["Status"] == "FAILED" and told["Reason"].startswith(f"{code}: ")
    # Where a task was started, whoever reads it can find it.
    assert ("Task: " in told["Reason"]) is bool(tasks) and len(ecs.tasks) == tasks
    check_silence(called, json.dumps(told))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"RequestType": "Rename"}, "bad_request: "),
        ({"RequestType": None}, "bad_request: "),
        ({"ResourceProperties": {}}, "bad_property: Missing or wrong: Cluster, TaskDefinition"),
        ({"ResourceProperties": [1]}, "bad_property: "),
        ({"ResourceProperties": PROPERTIES | {"Cluster": SECRET}}, "bad_property: "),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_as_well(
    runtime: LambdaRuntime,
    ecs: TasksDouble,
    answers: Answers,
    changed: dict[str, Any],
    reason: str,
) -> None:
    called = runtime.invoke(event(answers, **changed))
    told = only(answers)
    assert told["Status"] == "FAILED" and told["Reason"].startswith(reason)
    assert ecs.asked == []
    check_silence(called, json.dumps(told))


def test_who_cannot_be_answered_is_refused(runtime: LambdaRuntime, answers: Answers) -> None:
    called = runtime.invoke(event(answers, ResponseURL="https://elsewhere.example/x"))
    assert called.payload["errorType"] == "RequestRefused" and answers.put == []
    assert "elsewhere" not in called.log


@pytest.mark.parametrize(
    "moods",
    [[500], [503, 500, 429], ["hang"]],
    ids=["broken", "broken for a while", "silent"],
)
def test_an_answer_is_given_until_it_is_taken(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers, moods: list[int | str]
) -> None:
    answers.moods = list(moods)
    called = runtime.invoke(event(answers, RequestType="Delete"))
    assert called.function_error == "" and only(answers)["Status"] == "SUCCESS"
    check_silence(called)


def test_an_address_that_is_over_ends_the_call_in_an_error_so_that_aws_calls_again(
    runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers
) -> None:
    answers.moods = [403]
    same = event(answers)
    called = runtime.invoke(same)
    assert called.payload["errorType"] == "AnswerRefused" and answers.refused == 1
    check_silence(called)
    runtime.invoke(same)
    assert only(answers)["Status"] == "SUCCESS" and len(ecs.tasks) == 1


def test_nobody_listens_for_the_answer(
    built: build.Built, emulator: Emulator, ecs: TasksDouble, answers: Answers, tmp_path: Path
) -> None:
    nowhere = f"http://{ports.LOOPBACK}:{ports.free(1)[0]}/answer?X=a-signature-in-no-log"
    with started(tmp_path, built, emulator, ecs, timeout=6) as runtime:
        called = runtime.invoke(event(answers, RequestType="Delete", ResponseURL=nowhere))
    assert called.payload["errorType"] == "AnswerUnavailable"
    check_silence(called)


def test_before_its_time_is_over_it_says_how_to_go_on_and_leaves_the_task_running(
    built: build.Built, emulator: Emulator, ecs: TasksDouble, answers: Answers, tmp_path: Path
) -> None:
    ecs.seconds = 20
    with started(tmp_path, built, emulator, ecs, timeout=6) as runtime:
        called = runtime.invoke(event(answers))
    told = only(answers)
    assert called.payload == {"outcome": "failed", "code": "still_running"}
    assert told["Status"] == "FAILED" and "deploy again" in told["Reason"]
    assert ecs.tasks[0].arn in told["Reason"]
    assert "StopTask" not in {operation for operation, _ in ecs.asked}


@pytest.mark.parametrize("operation", ["RunTask", "DescribeTasks"])
def test_an_ecs_that_hangs_does_not_hang_the_stack(
    built: build.Built,
    emulator: Emulator,
    ecs: TasksDouble,
    answers: Answers,
    tmp_path: Path,
    operation: str,
) -> None:
    ecs.trouble = [(operation, 0, "hang")] * 20
    with started(tmp_path, built, emulator, ecs, timeout=6) as runtime:
        called = runtime.invoke(event(answers))
    assert called.function_error == "", "it has ended before it was ended"
    assert only(answers)["Status"] == "FAILED"
    check_silence(called)


def test_what_no_waiting_mends_is_told_at_once(
    built: build.Built, emulator: Emulator, ecs: TasksDouble, answers: Answers, tmp_path: Path
) -> None:
    wrong = {"AWS_REGION": "no region", "AWS_DEFAULT_REGION": "no region"}
    with started(tmp_path, built, emulator, ecs, **wrong) as runtime:
        called = runtime.invoke(event(answers))
    assert called.payload == {"outcome": "failed", "code": "not_asked"}
    assert "no region" not in only(answers)["Reason"]


def test_the_log_is_not_needed(runtime: LambdaRuntime, ecs: TasksDouble, answers: Answers) -> None:
    elsewhere = PROPERTIES | {"LogGroup": "/nowhere"}
    runtime.invoke(event(answers, ResourceProperties=elsewhere))
    told = only(answers)
    assert told["Status"] == "SUCCESS" and told["Data"]["From"] == ""


def test_the_zip_is_the_same_when_built_twice_and_small(built: build.Built, tmp_path: Path) -> None:
    again = build.build("custom_resource", into=tmp_path)
    assert again.path.read_bytes() == built.path.read_bytes()
    assert built.size < 3 * 2**20
