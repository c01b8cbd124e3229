"""What a machine of the plan finds at its start, and whether the product accepts it."""

from __future__ import annotations

import pytest
import yaml

from rescuebot.settings import Settings
from tests.infra.terraform import runs
from tests.infra.terraform.plan import NotKnownYet, Plan, files
from tests.infra.terraform.rows import function, variables

SETTINGS = "/etc/rescuebot/rescue.yaml"


@pytest.fixture(scope="module", params=["web", "master"])
def module(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=runs.ENVIRONMENTS)
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.getfixturevalue(request.param)
    return found


def written(plan: Plan, module: str) -> dict[str, str]:
    """The files that a machine of this module finds."""
    try:
        return files(plan.one("aws_launch_template", module=module))
    except NotKnownYet as error:
        pytest.skip(f"{error} is known only after apply; with the stand-in it is known here, too")


def test_the_product_accepts_the_settings(plan: Plan, module: str) -> None:
    given = yaml.safe_load(written(plan, module)[SETTINGS])
    settings = Settings.model_validate(given)
    assert settings.database.url.get_secret_value().startswith("mysql+pymysql://rescue@")
    assert settings.aws.region == "ap-northeast-1"


def test_the_master_knows_the_queue_the_topics_the_advisor_and_the_archive(plan: Plan) -> None:
    settings = Settings.model_validate(yaml.safe_load(written(plan, "master")[SETTINGS]))
    name = f"rescuebot-{plan.name}"
    assert settings.queue.url and settings.queue.url.endswith(f"{name}-events")
    assert settings.advice.function and f":function:{name}-" in settings.advice.function
    assert settings.archive.place and settings.archive.place.startswith("s3://")
    topics = {one["arn"] for one in plan.all("aws_sns_topic")}
    assert len(settings.notices.topics) == 4 and set(settings.notices.topics.values()) <= topics


def test_who_tells_people_is_the_same_for_master_and_router(plan: Plan) -> None:
    """The library, where it has channels; then event_router says only what nobody else can."""
    settings = Settings.model_validate(yaml.safe_load(written(plan, "master")[SETTINGS]))
    told = variables(function(plan, "event_router"))["TELL"]
    assert told == ("unreached" if settings.notices.channels else "all")


def test_nothing_secret_is_written_on_a_machine(plan: Plan, module: str) -> None:
    """Secrets are named there, and fetched at each start into memory."""
    found = written(plan, module)
    settings = Settings.model_validate(yaml.safe_load(found[SETTINGS]))
    assert settings.database.password is None and settings.slack.bot_token is None
    assert settings.slack.signing_secret is None and settings.web.jwt_key is None
    secrets = {one["arn"] for one in plan.all("aws_secretsmanager_secret")}
    named = [line.split()[1] for line in found["/etc/rescuebot/secrets"].splitlines()]
    assert named and set(named) <= secrets
