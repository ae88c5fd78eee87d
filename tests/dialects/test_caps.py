"""What a chat has too many of is named, with the limit, in the client's own words."""

import pytest
from msgspec.structs import replace

from passenger.chat.prompt import Message, Part, Prompt, Text, Tool, ToolCall, ToolResult
from passenger.dialects import caps
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode
from passenger.jsontext.raw_object import split
from passenger.limits import Limits

FEW = Limits(
    max_messages=4, max_parts=6, max_calls=4, max_tools=4, max_stops=4, max_stop_length=16, max_name=16
)  # the least that the settings take
NAMES = {"messages": "contents", "stop": "generationConfig.stopSequences"}


def says(*parts: Part, times: int = 1) -> Prompt:
    return Prompt("m", (Message("user", parts),) * times)


CALL = ToolCall("1", "f", "{}")
BEYOND: dict[str, tuple[Prompt, Prompt, str]] = {
    "max_messages": (says(Text("a"), times=4), says(Text("a"), times=5), "contents"),
    "max_parts": (says(*[Text("a")] * 6), says(*[Text("a")] * 7), "contents"),
    "max_calls": (says(*[CALL] * 4), says(*[CALL] * 5), "contents"),
    "max_tools": (replace(says(), tools=(Tool("f"),) * 4), replace(says(), tools=(Tool("f"),) * 5), "tools"),
    "max_stops": (replace(says(), stop=("a",) * 4), replace(says(), stop=("a",) * 5), NAMES["stop"]),
    "max_stop_length": (replace(says(), stop=("a" * 16,)), replace(says(), stop=("a" * 17,)), NAMES["stop"]),
    "max_name": (replace(says(), tools=(Tool("f" * 16),)), replace(says(), tools=(Tool("f" * 17),)), "tools"),
}


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("name", BEYOND)
def test_as_many_as_are_allowed_pass_and_one_more_is_refused(name: str) -> None:
    allowed, beyond, field = BEYOND[name]
    caps.check_prompt(allowed, FEW, NAMES)
    with pytest.raises(Failure) as caught:
        caps.check_prompt(beyond, FEW, NAMES)
    assert (caught.value.status, caught.value.param) == (400, field)
    assert field in caught.value.message
    assert f"[limits] {name}" in caught.value.message


def test_what_a_tool_gave_back_counts_as_parts() -> None:
    caps.check_prompt(says(ToolResult("1", (Text("a"),) * 5)), FEW, NAMES)
    with pytest.raises(Failure, match="max_parts"):
        caps.check_prompt(says(ToolResult("1", (Text("a"),) * 6)), FEW, NAMES)


@pytest.mark.parametrize(
    ("field", "entry", "limit"),
    [
        ("messages", '{"role":"user","content":"a"}', "max_messages"),
        ("input", '{"role":"user","content":"a"}', "max_messages"),
        ("tools", '{"type":"function","function":{"name":"f"}}', "max_tools"),
        ("stop", '"a"', "max_stops"),
        ("stop_sequences", '"a"', "max_stops"),
    ],
)
def test_a_relayed_request_has_no_more_either(field: str, entry: str, limit: str) -> None:
    def checked(count: int) -> None:
        body = f'{{"{field}":[{",".join([entry] * count)}]}}'
        caps.check_relayed(split(body.encode()), FEW)

    checked(4)
    with pytest.raises(Failure, match=limit) as caught:
        checked(5)
    assert (caught.value.status, caught.value.param) == (400, field)


def test_what_is_no_list_is_left_to_copilot() -> None:
    caps.check_relayed(split(b'{"stop":"' + b"a" * 100 + b'","tools":{"a":1},"messages":7}'), FEW)
    caps.check_relayed(None, FEW)


# --- answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "count"), [(None, 1), (1, 1), (2, 2), (caps.MOST_CHOICES, caps.MOST_CHOICES)])
def test_a_number_of_answers_is_read(said: object, count: int) -> None:
    assert caps.read_choices(JsonNode({"n": said}), "n") == caps.peek_choices(said) == count


@pytest.mark.parametrize("said", [0, -1, caps.MOST_CHOICES + 1, "2", 1.5, True, [2]])
def test_what_is_no_number_of_answers_is_refused_by_name_and_never_one(said: object) -> None:
    with pytest.raises(Failure) as caught:
        caps.read_choices(JsonNode({"n": said}, "config"), "n")
    assert caught.value.param == "config.n"
    assert caps.peek_choices(said) != 1
