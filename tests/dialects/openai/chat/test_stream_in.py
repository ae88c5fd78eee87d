import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    AnswerPart,
    Delta,
    PartStart,
    PartStop,
    Reason,
    Start,
    Usage,
    unfold,
)
from passenger.chat.prompt import Prompt, Reasoning, Refusal, Signature, Text, Tool, ToolCall
from passenger.chat.signatures import unwrap
from passenger.chat.tool_names import flatten
from passenger.dialects.framing import write_sse
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind
from tests.dialects.openai.chat.samples import (
    ABLE,
    DONE,
    FAILURES,
    PROMPT,
    STOP,
    WHOLE,
    answer_of,
    called,
    chunk,
    events_of,
    message_of,
    raw_events,
    sample,
)
from tests.folding import fold


def signed(value: str) -> Signature:
    return Signature("completions/google", value)


# --- what was recorded -------------------------------------------------------------------------------------------

WEATHER = (
    ToolCall("call_a1example", "weather", '{"city":"Oslo"}'),
    ToolCall("call_b2example", "weather", '{"city":"Rome"}'),
)
BEDROCK = (
    Text("Checking both."),
    ToolCall("toolu_bdrk_01Aexample", "weather", '{"city":"Oslo"}'),
    ToolCall("toolu_bdrk_01Bexample", "weather", '{"city":"Rome"}'),
)
README = ToolCall("call_MHxhexample", "read_file", '{"path":"README.md"}')

RECORDED: dict[str, tuple[tuple[AnswerPart, ...], Reason, Usage]] = {
    "azure_text": ((Text("Es geht: é\u2028 a > b \U0001f600"),), Reason.END, Usage(31, 7)),
    "azure_length": ((Text("and so"),), Reason.LENGTH, Usage(12, 2)),
    "azure_filtered": ((Text("They then"),), Reason.FILTER, Usage(40, 2)),
    "azure_refusal": ((Refusal("I cannot help with that."),), Reason.REFUSAL, Usage(18, 6)),
    "azure_tool": (
        (ToolCall("call_a1example", "read_file", '{"path":"README.md"}'),),
        Reason.TOOL,
        Usage(80, 17),
    ),
    "azure_parallel": (
        (Text("Both at once."), *WEATHER, ToolCall("call_c3example", "now", "{}")),
        Reason.TOOL,
        Usage(90, 41),
    ),
    "azure_interleaved": (WEATHER, Reason.TOOL, Usage(90, 38)),
    "azure_cached": ((Text("Still here."),), Reason.END, Usage(5200, 131, 4096, 128, nano_credits=552_000_000)),
    "azure_summary": ((Reasoning("Counting twice."), Text("It is 42.")), Reason.END, Usage(20, 70, reasoning=64)),
    "claude_text": ((Text("Es geht gut: é"),), Reason.END, Usage(420, 9)),
    "claude_tools": (
        (
            Text("Let me look."),
            ToolCall("tooluse_Aexample", "read_file", '{"path":"a"}'),
            ToolCall("tooluse_Bexample", "read_file", '{"path":"b"}'),
            ToolCall("tooluse_Cexample", "now", "{}"),
        ),
        Reason.TOOL,
        Usage(900, 80, 512, nano_credits=194_000_000),
    ),
    "claude_thinking": (
        (Reasoning("Let me see.", signed("CAISexample+thinking/1=")), Text("It is 42.")),
        Reason.END,
        Usage(60, 31),
    ),
    "claude_sealed": ((Reasoning("", signed("CAISexample+withheld/2=")), Text("OK")), Reason.END, Usage(60, 3)),
    "claude_thoughts": (
        (
            Reasoning("First one.", signed("CAISexample+first=")),
            Reasoning("Then the other.", signed("CAISexample+second=")),
            ToolCall("tooluse_Aexample", "read_file", '{"path":"a"}'),
        ),
        Reason.TOOL,
        Usage(60, 40),
    ),
    "claude_choices": (BEDROCK, Reason.TOOL, Usage(420, 61)),
    "claude_indices": (BEDROCK, Reason.TOOL, Usage(420, 61)),
    "gemini_tools": (
        (Reasoning("**Plan**\n\nRead it first.\n\n", signed("b3BhcXVlexample=")), README),
        Reason.TOOL,
        Usage(5100, 74, 4096, 60),
    ),
    "gemini_parallel": (
        (
            Reasoning("**Plan**\n\nRead both.\n\n", signed("b3BhcXVlexample=")),
            ToolCall("call_MHxhexample", "read_file", '{"path":"a"}'),
            ToolCall("call_MXxiexample", "read_file", '{"path":"b"}'),
        ),
        Reason.TOOL,
        Usage(5100, 72, reasoning=44),
    ),
    "gemini_text": (
        (Reasoning("**Answer**\n\nIt is known.\n\n", signed("b3BhcXVlexample=")), Text("It is 42.")),
        Reason.END,
        Usage(8, 34, reasoning=30),
    ),
    "gemini_sealed_last": (
        (Text("It is 42."), Reasoning("", signed("b3BhcXVlexample="))),
        Reason.END,
        Usage(8, 34, reasoning=30),
    ),
    "gemini_sealed_after_calls": (
        (README, Reasoning("", signed("b3BhcXVlexample="))),
        Reason.TOOL,
        Usage(8, 44, reasoning=30),
    ),
    "no_done": ((Text("Done"),), Reason.END, Usage(9, 1, nano_credits=0)),
    "references": ((Text("Found it."),), Reason.END, Usage(9, 2)),
}


def test_every_recorded_stream_is_known() -> None:
    assert sorted(RECORDED) == WHOLE


@pytest.mark.parametrize("name", WHOLE)
def test_a_recorded_stream_is_the_answer_it_was(name: str) -> None:
    answer = answer_of(sample(name))
    assert (answer.parts, answer.reason, answer.usage) == RECORDED[name]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_recorded_stream_reads_the_same_in_pieces_of_any_size(name: str, size: int) -> None:
    assert events_of(sample(name), size) == events_of(sample(name))


@pytest.mark.parametrize("name", WHOLE)
def test_a_recorded_stream_that_is_cut_is_a_failure_or_the_whole_answer(name: str) -> None:
    raws = raw_events(sample(name))
    cuts, whole = [b"".join(raws[:count]) for count in range(len(raws))], answer_of(sample(name)).parts
    broken = 0
    for cut in cuts:
        try:
            assert answer_of(cut).parts == whole
        except Failure as failure:
            assert failure.code == "stream_broken"  # noqa: PT017 - either outcome is right
            broken += 1
    assert broken > 0


@pytest.mark.parametrize("name", FAILURES)
def test_a_recorded_failure_is_one(name: str) -> None:
    with pytest.raises(Failure) as caught:
        answer_of(sample(f"failures/{name}"))
    expected = {"error": (Kind.RATE_LIMIT, 429, "429"), "error_first": (Kind.UNAVAILABLE, 503, "503")}
    known = (caught.value.kind, caught.value.status, caught.value.code)
    assert known == expected.get(name, (Kind.UPSTREAM, 502, "stream_broken"))


# --- the beginning -----------------------------------------------------------------------------------------------


def test_the_model_is_the_vendors_as_soon_as_it_is_named() -> None:
    assert events_of(sample("azure_text"))[0] == Start("gpt-4o-2024-11-20")
    assert events_of(chunk({"content": "a"}, model="") + STOP)[0] == Start("asked-model")
    assert events_of(chunk({"content": ""}, model="") + STOP)[0] == Start("vendor-model")


def test_a_named_model_begins_the_answer_before_anything_is_said() -> None:
    reader = completions.OUTBOUND.reader(PROMPT, ABLE)
    (raw,) = raw_events(chunk({"role": "assistant", "content": ""}))
    assert list(reader.read(message_of(raw))) == [Start("vendor-model")]


def test_an_answer_may_be_empty() -> None:
    assert answer_of(STOP) == Answer("vendor-model", (), Reason.END)


# --- parts -------------------------------------------------------------------------------------------------------


def parts(*events: bytes) -> tuple[AnswerPart, ...]:
    return answer_of(b"".join(events) + STOP).parts


def test_empty_and_null_fields_are_no_parts() -> None:
    empty: dict[str, object] = {
        "content": "",
        "refusal": None,
        "reasoning_text": "",
        "reasoning_opaque": "",
        "tool_calls": [],
    }
    assert parts(chunk(empty), chunk(None), chunk({"content": None})) == ()


def test_a_choice_may_lack_its_index() -> None:
    assert parts(chunk({"content": "a"}, index=None)) == (Text("a"),)


def test_a_part_of_another_kind_ends_the_one_before() -> None:
    said = [chunk({"reasoning_text": "a"}), chunk({"content": "b"}), chunk({"refusal": "c"}), chunk({"content": "d"})]
    assert parts(*said) == (Reasoning("a"), Text("b"), Refusal("c"), Text("d"))


def test_one_event_may_hold_parts_of_every_kind() -> None:
    calls = called(0, "c1", "f", "{}")
    assert isinstance(calls, dict)
    event = chunk({"reasoning_text": "a", "reasoning_opaque": "s", "content": "b", **calls})
    assert parts(event) == (Reasoning("a", signed("s")), Text("b"), ToolCall("c1", "f", "{}"))


def test_a_signature_ends_the_reasoning_that_is_open_or_is_one_of_its_own() -> None:
    said = [chunk({"reasoning_text": "a"}), chunk({"reasoning_opaque": "s"}), chunk({"reasoning_opaque": "t"})]
    assert parts(*said) == (Reasoning("a", signed("s")), Reasoning("", signed("t")))


def test_what_follows_the_finish_reason_is_not_lost() -> None:
    stream = chunk({"content": "a"}, "stop") + chunk({"content": "b"}) + DONE
    assert answer_of(stream).parts == (Text("ab"),)


# --- the end -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finish", "said", "reason"),
    [
        ("stop", {"content": "a"}, Reason.END),
        ("stop", {"refusal": "a"}, Reason.REFUSAL),
        ("stop", called(0, "c", "f"), Reason.TOOL),
        ("tool_calls", called(0, "c", "f"), Reason.TOOL),
        ("function_call", called(0, "c", "f"), Reason.TOOL),
        ("length", called(0, "c", "f"), Reason.LENGTH),
        ("content_filter", {"refusal": "a"}, Reason.FILTER),
        ("something new", {"content": "a"}, Reason.END),
    ],
)
def test_why_the_model_stopped(finish: str, said: object, reason: Reason) -> None:
    assert answer_of(chunk(said) + chunk({}, finish) + DONE).reason is reason


def test_an_answer_is_whole_only_when_each_choice_is() -> None:
    with pytest.raises(Failure, match="before the answer was complete"):
        answer_of(chunk({"content": "a"}, "stop") + chunk({"content": "b"}, index=1) + DONE)


def test_nothing_is_read_after_the_end() -> None:
    assert answer_of(chunk({"content": "a"}) + STOP + chunk({"content": "b"}) + DONE).parts == (Text("a"),)


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({}, None),
        ({"usage": None}, None),
        ({"usage": {"prompt_tokens": 3}}, Usage(3)),
        ({"usage": {"prompt_tokens": None, "prompt_tokens_details": None}}, Usage()),
        ({"copilot_usage": {"total_nano_aiu": 7}}, Usage(nano_credits=7)),
        ({"usage": {"completion_tokens": 2, "reasoning_tokens": 6}}, Usage(output=2, reasoning=6)),
        ({"usage": {"completion_tokens": 2, "total_tokens": 8, "reasoning_tokens": 6}}, Usage(output=8, reasoning=6)),
    ],
)
def test_usage_is_what_was_said_last(fields: dict[str, object], usage: Usage | None) -> None:
    stream = chunk({"content": "a"}, usage={"prompt_tokens": 0} if fields.get("usage") else None)
    assert answer_of(stream + chunk({}, "stop", **fields) + DONE).usage == usage


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
NATIVE = st.builds(Signature, st.just("completions/google"), st.text(st.characters(codec="ascii"), min_size=1))
SAID = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Refusal, WORDS),
    st.builds(Reasoning, WORDS, st.none() | NATIVE),
    st.builds(Reasoning, st.just(""), NATIVE),
    st.builds(ToolCall, st.uuids().map(str), st.sampled_from(("f", "g")), st.sampled_from(('{"a":1}', "{}", "[1, 2]"))),
)


def joined(parts: list[AnswerPart]) -> tuple[AnswerPart, ...]:
    """The parts as a stream tells them: words of one kind that follow each other are one part."""
    told: list[AnswerPart] = []
    for part in parts:
        match (told[-1] if told else None, part):
            case (Text(before), Text(after)):
                told[-1] = Text(before + after)
            case (Refusal(before), Refusal(after)):
                told[-1] = Refusal(before + after)
            case (Reasoning(before, None), Reasoning(after, signature)):
                told[-1] = Reasoning(before + after, signature)
            case _:
                told.append(part)
    return tuple(told)


def written(answer: Answer) -> bytes:
    """Copilot's stream of an answer: our writer's, with its seals as they were made."""
    writer = completions.INBOUND.writer(Prompt("m", (), wants_usage=True), AnswerIdentity("0" * 32, 1))
    return b"".join(write_sse(bared(m.data)) for event in unfold(answer) for m in writer.send(event))


def bared(data: bytes) -> bytes:
    if b"reasoning_opaque" not in data:
        return data
    event = json.loads(data)
    delta = event["choices"][0]["delta"]
    delta["reasoning_opaque"] = unwrap(delta["reasoning_opaque"]).value
    return json.dumps(event).encode()


@given(st.lists(SAID, max_size=5), st.sampled_from([Reason.LENGTH, Reason.FILTER]), st.integers(1, 50))
def test_the_reader_inverts_the_writer_however_the_network_cuts(
    said: list[AnswerPart], reason: Reason, size: int
) -> None:
    answer = Answer("vendor-model", joined(said), reason, Usage(10, 5, 3, 2))
    assert fold(events_of(written(answer), size)) == answer


# --- tool calls --------------------------------------------------------------------------------------------------


def call_parts(*events: bytes, tools: tuple[Tool, ...] = ()) -> tuple[AnswerPart, ...]:
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
    assert call_parts(*said) == (ToolCall("call_0", "f", "{}"), Text("and"), ToolCall("call_1", "f", "{}"))


def test_an_id_that_is_said_again_is_the_same_call() -> None:
    said = [chunk(called(0, "c1", "f", '{"a"')), chunk(called(0, "c1", "f", ":1}")), chunk(called(None, "c1", None))]
    assert call_parts(*said) == (ToolCall("c1", "f", '{"a":1}'),)


def test_a_name_may_come_after_the_id() -> None:
    said = [chunk(called(0, "c1")), chunk(called(0, None, None, "{")), chunk(called(0, None, "f", "}"))]
    assert call_parts(*said) == (ToolCall("c1", "f", "{}"),)


def test_a_call_whose_index_is_taken_over_ends_at_once() -> None:
    reader = completions.OUTBOUND.reader(PROMPT, ABLE)
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
        call_parts(*said)
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_event")


def test_an_empty_piece_of_no_call_is_nothing() -> None:
    assert call_parts(chunk(called(0)), chunk({"tool_calls": [{}]})) == ()


def test_the_name_is_the_clients_own() -> None:
    long, spaced = Tool("f" * 80), Tool("f", namespace="ns")
    said = [
        chunk(called(index, f"c{index}", flatten(tool.name, tool.namespace), "{}"))
        for index, tool in enumerate((long, spaced))
    ]
    assert call_parts(*said, tools=(long, spaced)) == (
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
    assert call_parts(*said, tools=(Tool("exec", custom=True),)) == (ToolCall("c1", "exec", text, custom=True),)
