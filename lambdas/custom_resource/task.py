"""The task of ECS that migrates: started once, waited for, judged by its exit code.

Invariant: the same token starts no second task. A task that was started is never stopped here: a
migration that is cut in the middle is worse than one that nobody waited for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from .failure import Failure, TaskFailed, TaskRefused, TaskUnavailable, TimeShort
from .request import Work

# The exit codes of `python -m rescuebot.migrations`.
NEWER = 3
_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_STARTED_BY = "rescue-migrations"
_PAUSE = 1.0
# ECS knows of a new task a little later in some places than in others.
_UNKNOWN_SECONDS = 60.0
_PASSING = frozenset(
    {"ServerException", "ThrottlingException", "Throttling", "RequestLimitExceeded"}
)
_CODE = re.compile(r"[A-Za-z]{3,60}")
_CONTAINER = re.compile(r"[A-Za-z0-9_-]{1,255}")
_STOPPED = re.compile(r"([A-Z][A-Za-z]{3,60}):")

Left = Callable[[], float]
Waits = Callable[[Failure], None]


def start(work: Work, *, token: str, left: Left, waits: Waits) -> str:
    """Start the task, or find that it was started by this token; its ARN."""
    while True:
        try:
            return _start_once(work, token)
        except TaskUnavailable as failure:
            if left() <= _PAUSE:
                raise
            waits(failure)
            time.sleep(_PAUSE)


def wait(work: Work, arn: str, *, poll: float, left: Left, waits: Waits) -> int:
    """Wait for its end: 0 or NEWER. Raises TaskFailed, TaskRefused, or TimeShort."""
    began = time.monotonic()
    while True:
        try:
            found = _look(work, arn)
        except TaskUnavailable as failure:
            waits(failure)
            found = {}
        if found is None and time.monotonic() - began > _UNKNOWN_SECONDS:
            raise TaskFailed("task_gone", "ECS knows nothing of the task any more.", task=arn)
        if found and found.get("lastStatus") == "STOPPED":
            return _judged(work, arn, found)
        if left() <= poll:
            words = (
                "The task still runs, and was left running, for a migration must not be cut. "
                "Wait until it has ended, then deploy again: what it has done is not done twice."
            )
            raise TimeShort("still_running", words, task=arn)
        time.sleep(poll)


def _start_once(work: Work, token: str) -> str:
    network = {
        "subnets": list(work.subnets),
        "securityGroups": list(work.groups),
        "assignPublicIp": "DISABLED",
    }
    try:
        told = client().run_task(
            cluster=work.cluster,
            taskDefinition=work.definition,
            launchType="FARGATE",
            count=1,
            networkConfiguration={"awsvpcConfiguration": network},
            clientToken=token,
            startedBy=_STARTED_BY,
            propagateTags="TASK_DEFINITION",
        )
    except ClientError as error:
        known = error.response.get("resourceIds")
        if _code(error) == "ConflictException" and known:
            # It was started by this token before, with what has changed since.
            return str(known[0])
        raise _failure(error) from None
    except BotoCoreError as error:
        raise _unheard(error) from None
    if told.get("tasks"):
        return str(told["tasks"][0]["taskArn"])
    raise TaskUnavailable("no_capacity", "ECS could not place the task.")


def _look(work: Work, arn: str) -> dict[str, Any] | None:
    """The task as it is now; None where ECS does not know it."""
    try:
        told = client().describe_tasks(cluster=work.cluster, tasks=[arn])
    except ClientError as error:
        failure = _failure(error)
        failure.task = arn
        raise failure from None
    except BotoCoreError as error:
        raise _unheard(error, arn) from None
    return next(iter(told.get("tasks") or []), None)


def _judged(work: Work, arn: str, task: dict[str, Any]) -> int:
    codes = {
        str(one.get("name")): one["exitCode"]
        for one in task.get("containers", [])
        if isinstance(one.get("exitCode"), int)
    }
    code = codes.get(work.container)
    if code in (0, NEWER):
        return int(code)
    if code is not None:
        words = "The task has ended with an error; its log says which."
        raise TaskFailed(f"exit_{code}", words, task=arn)
    raise _not_run(arn, task, [name for name, other in codes.items() if other])


def _not_run(arn: str, task: dict[str, Any], failed: list[str]) -> TaskFailed:
    """Why the container that migrates never ran: another one before it, or ECS itself."""
    if failed and _CONTAINER.fullmatch(failed[0]):
        words = f"The container {failed[0]} has failed, so that the migration was not begun."
        return TaskFailed("failed_before", words, task=arn, container=failed[0])
    said = _STOPPED.match(str(task.get("stoppedReason", "")))
    stopped = said[1] if said else str(task.get("stopCode", ""))
    words = "The task did not come to run. Check its image, its roles and its secrets."
    return TaskFailed(stopped if _CODE.fullmatch(stopped) else "not_started", words, task=arn)


def _failure(error: ClientError) -> TaskUnavailable | TaskRefused:
    code = _code(error)
    told = code if _CODE.fullmatch(code) else "refused"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _PASSING or status >= 500 or status == 429:
        return TaskUnavailable(told, "ECS has failed or wants fewer requests.")
    return TaskRefused(told, "ECS refuses. Check the role of the function and the properties.")


def _unheard(error: BotoCoreError, arn: str = "") -> TaskUnavailable | TaskRefused:
    """ECS has said nothing: the network, or something here that no waiting mends."""
    if isinstance(error, ConnectionError | HTTPClientError):
        return TaskUnavailable("unreachable", "ECS cannot be reached.", task=arn)
    words = "ECS could not be asked. Check the region and the role of the function."
    return TaskRefused("not_asked", words, task=arn)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@lru_cache(maxsize=1)
def client() -> Any:
    """A client that lives as long as the function stays warm."""
    return boto3.client(
        "ecs",
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
