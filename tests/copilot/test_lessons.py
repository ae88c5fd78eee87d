"""A lesson as one line of text, and where in a request it applies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.copilot.lessons import Lesson, find_rejected, read_lesson, spell
from passenger.jsontext.paths import resolve
from passenger.jsontext.raw_object import RawObject

WORDS = st.from_regex(r"\w{1,9}", fullmatch=True).filter(str.isascii)
VALUES = st.from_regex(r"[A-Za-z0-9_.+-]{1,9}", fullmatch=True)
LESSONS = st.builds(
    Lesson,
    path=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    value=st.none() | VALUES,
    instead=st.none() | VALUES,
    beside=st.none() | WORDS,
)
LESSONS |= st.builds(Lesson, path=st.lists(WORDS, min_size=1, max_size=3).map(tuple), value=VALUES, other=st.just(True))
LESSONS |= st.builds(Lesson, path=st.just(("anthropic-beta",)), value=VALUES)


@given(LESSONS)
def test_what_is_written_reads_back_as_the_same(lesson: Lesson) -> None:
    assert read_lesson(str(lesson)) == lesson


@pytest.mark.parametrize("text", ["", "a b", "a..b", "a=", "a>", "a while ", "a[0]", "a=b=c", "a=é x", "x" * 65, "."])
def test_other_texts_are_no_lessons(text: str) -> None:
    assert read_lesson(text) is None


@given(st.text(max_size=30))
def test_any_text_is_a_lesson_or_none(text: str) -> None:
    lesson = read_lesson(text)
    assert lesson is None or str(lesson) == text


BODY: dict[str, Any] = {
    "thinking": {"type": "adaptive", "display": "updates"},
    "reasoning": {"effort": "minimal", "type": "adaptive", "adaptive": {"x": 1}},
    "top_k": 40,
    "temperature": 0.5,
    "store": True,
    "top_p": 1.0,
    "seed": None,
    "text": "thinking",
}


@pytest.mark.parametrize(
    ("lesson", "place"),
    [
        ("top_k", ("top_k",)),
        ("top_k=40", ("top_k",)),
        ("top_k=41", None),
        ("top_k while thinking", ("top_k",)),
        ("top_k while temperature", ("top_k",)),
        ("top_k while user", None),
        ("temperature=0.5", ("temperature",)),
        ("temperature!=1", ("temperature",)),
        ("temperature!=0.5", None),
        ("top_p!=1", None),
        ("seed!=1", None),
        ("store=true", ("store",)),
        ("store=True", None),
        ("thinking.type=adaptive>enabled", ("thinking", "type")),
        ("thinking.type=enabled>adaptive", None),
        ("thinking.adaptive.display", ("thinking", "display")),
        ("thinking.enabled.display", None),
        ("thinking.display=updates", ("thinking", "display")),
        ("thinking.adaptive", None),
        ("reasoning.adaptive.x=1", ("reasoning", "adaptive", "x")),
        ("text.format", None),
        ("user", None),
    ],
)
def test_a_lesson_applies_where_the_request_has_that_very_thing(lesson: str, place: tuple[str, ...] | None) -> None:
    read = read_lesson(lesson)
    assert read is not None
    assert find_rejected(read, RawObject(json.dumps(BODY).encode())) == place


def test_a_request_that_does_not_think_has_no_company_of_thinking() -> None:
    lesson = Lesson(("top_k",), beside="thinking")
    for thinking in ({"type": "disabled"}, None, "adaptive", {"type": ["adaptive"]}, {}):
        assert find_rejected(lesson, RawObject(json.dumps({"top_k": 1, "thinking": thinking}).encode())) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "a", "b"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "thinking"]), JSON), LESSONS)
def test_any_body_may_be_asked(body: dict[str, Any], lesson: Lesson) -> None:
    document = RawObject(json.dumps(body).encode())
    for path in (lesson.path, ("a", "b", "a"), ("thinking", "type"), ("thinking", "a", "b")):
        place = resolve(document, path)
        assert place is None or len(place) <= len(path)
        assert find_rejected(Lesson(path, "a", beside="thinking"), document) in {None, place}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("low", "low"),
        (True, "true"),
        (40, "40"),
        (1.0, "1"),
        (1e-05, "1e-05"),
        (None, None),
        ([], None),
        ({}, None),
        ("é" * 65, None),
    ],
)
def test_only_short_plain_values_are_spelled(value: object, text: str | None) -> None:
    assert spell(value) == text
