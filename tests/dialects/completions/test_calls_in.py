import pytest

from passenger.chat import Prompt, Text, Tool, ToolCall
from passenger.dialects import completions
from passenger.errors import Failure, Kind
from passenger.events import AnswerPart, Delta, PartStart, PartStop, Start
from passenger.toolnames import flat
from tests.dialects.completions.samples import ABLE, DONE, PROMPT, STOP, answer_of, called, chunk, message_of


def parts(*events: bytes, tools: tuple[Tool, ...] = ()) -> tuple[AnswerPart, ...]:
    return answer_of(b"".join(events) + STOP, Prompt("m", (), tools=tools)).parts


def test_a_call_of_another_choice_is_another_call() -> None:
    stream = (
        chunk(called(0, "c1", "f", '{"a":1}'))
        + chunk(called(0, None, "f", '{"b":2}'), index=1)
        + chunk({}, "tool_calls")
        + chunk({}, "tool_calls", index=1)
        + DONE
    )
    assert answer_of(stream).calls == (ToolCall("c1", "f", '{"a":1}'), ToolCall("call_1", "f", '{"b":2}'))


def test_ids_that_upstream_leaves_out_are_made_of_the_calls_place() -> None:
    said = [chunk(called(0, None, "f", "{}")), chunk({"content": "and"}), chunk(called(1, None, "f", "{}"))]
    assert parts(*said) == (ToolCall("call_0", "f", "{}"), Text("and"), ToolCall("call_1", "f", "{}"))


def test_an_id_that_is_said_again_is_the_same_call() -> None:
    said = [chunk(called(0, "c1", "f", '{"a"')), chunk(called(0, "c1", "f", ":1}")), chunk(called(None, "c1", None))]
    assert parts(*said) == (ToolCall("c1", "f", '{"a":1}'),)


def test_a_name_may_come_after_the_id() -> None:
    said = [chunk(called(0, "c1")), chunk(called(0, None, None, "{")), chunk(called(0, None, "f", "}"))]
    assert parts(*said) == (ToolCall("c1", "f", "{}"),)


def test_a_call_whose_index_is_taken_over_ends_at_once() -> None:
    reader = completions.reader(PROMPT, ABLE)
    pieces = [called(0, "c1", "f", '{"a":1}'), called(0, "c2", "f"), called(0, None, None, '{"b')]
    assert [event for piece in pieces for event in reader.read(message_of(chunk(piece)))] == [
        Start("vendor-model"),
        PartStart("call", "c1", "f"),
        Delta('{"a":1}'),
        PartStop(),
        PartStart("call", "c2", "f"),
        Delta('{"b'),
    ]


@pytest.mark.parametrize(
    "said",
    [
        [chunk(called(0, None, None, "{}"))],
        [chunk(called(0, "c1", "f", "{}")), chunk(called(1, None, None, "{}"))],
        [chunk(called(0, "c1", "f", "{}")), chunk({"content": "a"}), chunk(called(0, None, None, "{}"))],
        [chunk(called(0, "c1", "f", "{}")), chunk({"content": "a"}), chunk(called(0, "c1", None, "{}"))],
        [chunk(called(0, "c1", None, "{}"))],
    ],
    ids=["none has begun", "none of this index", "it has ended", "it has ended, by its id", "it has no name"],
)
def test_a_piece_of_no_call_is_a_failure(said: list[bytes]) -> None:
    with pytest.raises(Failure) as caught:
        parts(*said)
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_event")


def test_an_empty_piece_of_no_call_is_nothing() -> None:
    assert parts(chunk(called(0)), chunk({"tool_calls": [{}]})) == ()


def test_the_name_is_the_clients_own() -> None:
    long, spaced = Tool("f" * 80), Tool("f", namespace="ns")
    said = [
        chunk(called(index, f"c{index}", flat(tool.name, tool.namespace), "{}"))
        for index, tool in enumerate((long, spaced))
    ]
    assert parts(*said, tools=(long, spaced)) == (
        ToolCall("c0", "f" * 80, "{}"),
        ToolCall("c1", "f", "{}", namespace="ns"),
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (['{"input":', '"a\\nb"}'], "a\nb"),
        (['{"input":{"a":1}}'], '{"a":1}'),
        (['{"input":"\\ud800"}'], "\ufffd"),
        (["raw"], "raw"),
        (['"text"'], '"text"'),
        ([], ""),
    ],
)
def test_a_custom_tool_gets_the_text_in_its_arguments(arguments: list[str], text: str) -> None:
    said = [chunk(called(0, "c1", "exec")), *(chunk(called(0, None, None, piece)) for piece in arguments)]
    assert parts(*said, tools=(Tool("exec", custom=True),)) == (ToolCall("c1", "exec", text, custom=True),)
