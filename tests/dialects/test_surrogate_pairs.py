import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Delta, Event, PartStart, PartStop
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.jsontext.surrogates import join_surrogates


def joined(*texts: str) -> str:
    halves = SurrogatePairs(frozenset({"text"}))
    told: list[Event] = []
    for text in texts:
        read = halves.read(json.dumps({"text": text}).encode())["text"]
        told += halves.join([Delta(read)])
    told += halves.join([PartStop()])
    assert told[-1] == PartStop()
    return "".join(event.text for event in told if isinstance(event, Delta))


@pytest.mark.proves("F38")
@given(st.text(st.sampled_from("aé\u2028😀🏓\U0010ffff")), st.lists(st.integers(0, 12)))
def test_a_text_is_whole_wherever_its_escapes_were_cut(text: str, cuts: list[int]) -> None:
    units = [json.loads(f'"\\u{unit:04x}"') for unit in memoryview(text.encode("utf-16-le")).cast("H")]
    ends = [0, *sorted(min(cut, len(units)) for cut in cuts), len(units)]
    pieces = ["".join(units[start:end]) for start, end in itertools.pairwise(ends)]
    assert joined(*filter(None, pieces)) == text


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a\ud83d"], "a\ufffd"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ude00a"], "\ufffda"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd😀"),
        (["\ud83d\ud83da"], "\ufffd\ufffda"),
    ],
)
def test_a_half_that_lacks_its_other_one_is_a_replacement_character(pieces: list[str], text: str) -> None:
    assert joined(*pieces) == text


def test_what_does_not_come_in_pieces_is_mended_at_once() -> None:
    halves = SurrogatePairs(frozenset({"text"}))
    assert halves.read(b'{"id\\ud83d":["\\ud83d",1,null]}') == {"id\ufffd": ["\ufffd", 1, None]}


def test_a_stream_without_halves_is_told_as_it_is() -> None:
    events: list[Event] = [PartStart("text"), Delta("a"), PartStop()]
    assert SurrogatePairs(frozenset()).join(events) is events


@given(st.text())
def test_what_is_whole_stays_as_it_is(text: str) -> None:
    assert join_surrogates(text) == text


@given(st.text(), st.sampled_from("\ud800\udbff\udc00\udfff"), st.text())
def test_half_a_character_is_never_whole(before: str, half: str, after: str) -> None:
    assert join_surrogates(before + half + after) == before + "\ufffd" + after
