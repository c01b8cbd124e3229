"""Whatever the message: an event fit to be stored, or Unreadable with a known reason."""

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescuebot.errors import Unreadable
from rescuebot.events.parse import parse
from rescuebot.events.reported import Severity
from rescuebot.settings import IntakeSettings

SHAPES = Path(__file__).parents[1] / "shapes"
BODIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHAPES.glob("*.json"))}
ENVELOPES = [shape for shape, body in BODIES.items() if '"Type": "Notification"' in body]
ARRIVED = datetime(2026, 11, 22, 2, tzinfo=UTC)
INTAKE = IntakeSettings()
REASONS = {
    "empty",
    "too_large",
    "not_utf8",
    "not_json",
    "not_an_object",
    "too_deep",
    "unknown_shape",
    "missing_field",
    "bad_time",
    "too_many_records",
}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

anything = settings(
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["ALARM", "OK", "Notification", "arn:x:alarm:y", "{}", '{"a":1}', "\ud800"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def check(body):
    try:
        event = parse(body=body, fallback_id="sqs-1", received_at=ARRIVED, settings=INTAKE)
    except Unreadable as refused:
        assert refused.reason in REASONS
        assert not CONTROLS.search(refused.message)
        return
    check_fit_to_store(event)


def check_fit_to_store(event):
    assert 1 <= len(event.message_id) <= 100
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", event.event_source)
    assert re.fullmatch(r"[a-z0-9_]{1,50}", event.event_type)
    assert isinstance(event.severity, Severity)
    assert re.fullmatch(r"[A-Za-z0-9._:-]{0,50}", event.server_id)
    assert re.fullmatch(r"[a-z0-9_.-]{0,50}", event.service_type)
    assert len(event.event_message.encode()) <= 60_000
    assert event.event_time.utcoffset() == timedelta(0)
    assert ARRIVED - timedelta(days=15) <= event.event_time <= ARRIVED + timedelta(days=1)
    assert not (event.recovery and event.for_information)
    assert len(event.alarm_name) <= 255
    assert len(event.children) <= 100 and all(0 < len(name) <= 255 for name in event.children)
    assert isinstance(json.loads(event.raw), dict)
    texts = (event.message_id, event.event_message, event.alarm_name, *event.children, *event.notes)
    for text in texts:
        assert not CONTROLS.search(text)
    event.raw.encode()


def paths(value, here=()):
    """The way to every place in a JSON value."""
    yield here
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*here, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, (*here, number))


def replaced(value, path, new):
    if not path:
        return new
    changed = copy.deepcopy(value)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return changed


WRONG = [
    None,
    True,
    5,
    -1e400,
    "",
    "text",
    "\x00",
    "\ud800",
    [],
    {},
    [5],
    [[]],
    {"a": 1},
    "x" * 999,
]


@pytest.mark.parametrize("shape", BODIES)
def test_a_wrong_type_in_any_place_of_any_shape_raises_nothing_else(shape):
    original = json.loads(BODIES[shape])
    for path in paths(original):
        for wrong in WRONG:
            # An infinity is written as the number that becomes one, which is valid JSON.
            check(json.dumps(replaced(original, path, wrong)).replace("-Infinity", "-1e400"))


@pytest.mark.parametrize("shape", ENVELOPES)
def test_a_wrong_type_in_any_place_inside_an_envelope_raises_nothing_else(shape):
    envelope = json.loads(BODIES[shape])
    envelope = envelope["Records"][0]["Sns"] if "Records" in envelope else envelope
    inside = json.loads(envelope["Message"])
    for path in paths(inside):
        for wrong in WRONG:
            message = json.dumps(replaced(inside, path, wrong)).replace("-Infinity", "-1e400")
            check(json.dumps(envelope | {"Message": message}))


@pytest.mark.parametrize("shape", BODIES)
def test_a_message_that_breaks_off_anywhere_raises_nothing_else(shape):
    body = BODIES[shape]
    for end in range(0, len(body), 7):
        check(body[:end])


@anything
@given(values)
def test_any_json_is_read_or_refused(value):
    check(json.dumps(value))


@anything
@given(st.text(st.characters()))
def test_any_text_is_read_or_refused(body):
    check(body)


@anything
@given(st.binary())
def test_any_bytes_are_read_or_refused(body):
    check(body.decode("latin-1"))
    check(body.decode(errors="surrogateescape"))


@anything
@given(st.data())
def test_a_real_shape_with_foreign_parts_is_read_or_refused(data):
    value = json.loads(BODIES[data.draw(st.sampled_from(sorted(BODIES)))])
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(list(paths(value))))
        value = replaced(value, path, data.draw(values))
    check(json.dumps(value, ensure_ascii=data.draw(st.booleans())))


@anything
@given(st.data())
def test_a_real_shape_with_garbled_text_is_read_or_refused(data):
    body = BODIES[data.draw(st.sampled_from(sorted(BODIES)))]
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(body)))
        end = start + data.draw(st.integers(0, 20))
        body = body[:start] + data.draw(st.text(st.characters(), max_size=5)) + body[end:]
    check(body)


KEYS = (
    "Records Type Message MessageId TopicArn Sns body messageId detail detail-type source id time "
    "AlarmName NewStateValue Trigger Metrics Dimensions AlarmTags TriggeringChildren AlarmRule"
).split()


@anything
@given(st.dictionaries(st.sampled_from(KEYS), values, max_size=8))
def test_known_keys_with_any_values_are_read_or_refused(value):
    check(json.dumps(value))


@anything
@given(st.text(st.characters(), max_size=300), st.text(st.characters(), max_size=300))
def test_any_query_and_any_rule_are_read(expression, rule):
    contributor = json.loads(BODIES["alarm_contributor"])
    contributor["detail"]["configuration"]["metrics"][0]["expression"] = "SELECT A(" + expression
    check(json.dumps(contributor))
    composite = json.loads(BODIES["alarm_composite_rule_only"])
    composite["detail"]["configuration"]["alarmRule"] = "ALARM(" + rule
    check(json.dumps(composite))
