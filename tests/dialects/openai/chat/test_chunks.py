from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, Usage
from passenger.chat.prompt import Prompt, Reasoning, Signature, Text
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai.chat.chunks import (
    NO_NUMBERS,
    REASONING_FIELDS,
    SIGNATURE_FIELDS,
    ChoiceDelta,
    Numbers,
    TokenCounts,
    decode_chunk,
    read_token_counts,
    reasoning_of,
    signature_of,
    with_number,
    without_number,
)
from passenger.errors import Failure, Kind
from tests.dialects.openai.chat.samples import raw_events, sample
from tests.folding import fold


def test_a_lone_surrogate_becomes_a_replacement() -> None:
    choices = decode_chunk(b'{"choices":[{"delta":{"content":"a\\ud83d"}}]}').choices
    assert [choice.delta.content for choice in choices or [] if choice.delta is not None] == ["a\ufffd"]


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"choices":null,"copilot_references":[{}]}',
        b'{"choices":[{"index":null,"delta":null,"finish_reason":null}],"usage":null,"copilot_usage":null}',
        b'{"choices":[{"delta":{"content":null,"role":null,"tool_calls":[{"index":null,"function":null}]}}]}',
        b'{"usage":{"prompt_tokens":null,"total_tokens":null},"copilot_usage":{"total_nano_aiu":null}}',
        raw_events(sample("azure_text"))[0].removeprefix(b"data: "),
    ],
)
def test_whatever_may_be_missing_or_null_is_understood(data: bytes) -> None:
    assert decode_chunk(data).error is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"choices":7}',
        b'{"choices":[{"delta":{"content":5}}]}',
        b'{"choices":[{"delta":{"content":"\\ud800","refusal":5}}]}',
    ],
)
def test_an_event_that_is_not_to_be_understood_is_a_failure(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        decode_chunk(data)
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_event")


# --- usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, Usage()),
        ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, Usage(3, 2)),
        ({"prompt_tokens": None, "completion_tokens": None, "prompt_tokens_details": None}, Usage()),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 7}}, Usage(9, cached=7)),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}, Usage(output=9, reasoning=7)),
        ({"completion_tokens_details": {"reasoning_tokens": None}, "prompt_tokens_details": {}}, Usage()),
    ],
)
def test_tokens_are_read_where_openai_puts_them(counts: dict[str, object], usage: Usage) -> None:
    assert read_token_counts(msgspec.convert(counts, TokenCounts), None) == usage


@pytest.mark.parametrize(("total", "output"), [(13, 8), (7, 2), (None, 2)])
def test_geminis_reasoning_is_output_where_it_is_part_of_the_total(total: int | None, output: int) -> None:
    counts = TokenCounts(prompt_tokens=5, completion_tokens=2, total_tokens=total, reasoning_tokens=6)
    assert read_token_counts(counts, None) == Usage(5, output, reasoning=6)


@pytest.mark.parametrize(("total", "output"), [(354, 342), (14, 2), (None, 2)])
def test_so_is_xais_which_stands_among_the_details_of_the_completion(total: int | None, output: int) -> None:
    counts = {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": total}
    details = {"completion_tokens_details": {"reasoning_tokens": 340}}
    assert read_token_counts(msgspec.convert(counts | details, TokenCounts), None) == Usage(12, output, reasoning=340)


@pytest.mark.parametrize(
    ("bill", "nano"), [(None, None), (CopilotUsage(), None), (CopilotUsage(0), 0), (CopilotUsage(7), 7)]
)
def test_the_bill_is_kept(bill: CopilotUsage | None, nano: int | None) -> None:
    assert read_token_counts(TokenCounts(), bill) == Usage(nano_credits=nano)


# --- reasoning ---------------------------------------------------------------------------------------------------


def answered(*deltas: dict[str, Any]) -> Answer:
    reader = completions.OUTBOUND.reader(Prompt("m", ()), Capabilities(vendor="xai"))
    chunks = [{"model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = [event for chunk in (*chunks, end) for event in reader.read(StreamMessage("", msgspec.json.encode(chunk)))]
    return fold([*events, *reader.end()])


@pytest.mark.parametrize("name", REASONING_FIELDS)
def test_reasoning_is_read_by_any_of_its_names(name: str) -> None:
    answer = answered({name: "Hm, "}, {name: "well."}, {"content": "Yes."})
    assert answer.parts == (Reasoning("Hm, well."), Text("Yes."))


@pytest.mark.parametrize("name", SIGNATURE_FIELDS)
@pytest.mark.parametrize("words", REASONING_FIELDS)
def test_a_signature_ends_it(words: str, name: str) -> None:
    answer = answered({words: "Hm."}, {name: "sealed"}, {"content": "Yes."})
    assert answer.parts == (Reasoning("Hm.", Signature("completions/xai", "sealed")), Text("Yes."))


@pytest.mark.parametrize("value", [None, "", {"text": "Hm."}, ["Hm."], 7])
def test_what_is_no_text_is_no_reasoning_and_hides_no_words(value: object) -> None:
    delta = {"reasoning": value, "thinking": value, "signature": value, "content": "Yes."}
    assert answered(delta).parts == (Text("Yes."),)


def test_reasoning_under_two_names_is_told_once() -> None:
    piece = ChoiceDelta(reasoning_text="Hm.", reasoning_content="Hm.", reasoning="Hm.")
    assert (reasoning_of(piece), signature_of(piece)) == ("Hm.", "")


@pytest.mark.parametrize("name", [*REASONING_FIELDS, *SIGNATURE_FIELDS])
def test_every_name_makes_a_piece_one_of_reasoning(name: str) -> None:
    assert not ChoiceDelta(content="x").has_reasoning
    chunk = decode_chunk(msgspec.json.encode({"choices": [{"delta": {name: "x"}}]}))
    assert chunk.choices is not None
    assert chunk.choices[0].delta is not None
    assert chunk.choices[0].delta.has_reasoning


# --- numbers of choices ------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3))))
def test_they_hold_what_a_set_would_hold(steps: list[tuple[bool, int]]) -> None:
    numbers: Numbers = NO_NUMBERS
    expected = set[int]()
    for adds, one in steps:
        numbers = (with_number if adds else without_number)(numbers, one)
        (expected.add if adds else expected.discard)(one)
        assert numbers == expected


def test_the_first_of_one_choice_is_shared() -> None:
    assert with_number(NO_NUMBERS, 0) is with_number(NO_NUMBERS, 0)
    assert without_number(with_number(NO_NUMBERS, 0), 0) is NO_NUMBERS
