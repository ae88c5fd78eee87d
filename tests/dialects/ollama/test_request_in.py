from typing import Any

import pytest
from msgspec.structs import replace

from passenger.chat.prompt import Message, Prompt, ReasoningConfig, Schema, Text, Tool
from passenger.dialects.ollama.answer_out import shows_reasoning
from passenger.dialects.ollama.request_in import read_format, read_think, read_tools
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode
from tests.dialects.ollama.asking import HELLO, TOOL, WEATHER, chat_prompt, chatting, generate_prompt, refused

USER = Message("user", (Text("hello"),))


def test_the_least_request_says_nothing_more_than_that_it_streams() -> None:
    assert chat_prompt() == Prompt("gpt-4o", (USER,), stream=True)
    assert generate_prompt() == Prompt("gpt-4o", (USER,), stream=True)


def test_a_whole_request_is_read() -> None:
    said = {"temperature": 1, "num_predict": 100, "stop": ["END"], "top_p": 0.5, "top_k": 3, "seed": 7}
    read = chat_prompt(stream=False, tools=[TOOL], format=WEATHER, think="high", options=said, keep_alive="5m")
    assert read == Prompt(
        "gpt-4o",
        (USER,),
        tools=(Tool("weather", "It", WEATHER),),
        limit=100,
        temperature=1.0,
        top_p=0.5,
        top_k=3,
        stop=("END",),
        seed=7,
        schema=Schema(WEATHER),
        reasoning=ReasoningConfig("high", show=True),
    )


def test_the_model_stays_as_it_was_asked_for() -> None:
    assert chat_prompt(model="gpt-4o:latest").model == "gpt-4o:latest"
    assert chat_prompt(model=None, name="gpt-4o").model == "gpt-4o"


def test_what_is_not_known_is_named() -> None:
    read = chat_prompt(options={"num_ctx": 1}, logprobs=True, top_logprobs=3, truncate=True, shift=True, sparkle="x")
    assert set(read.dropped) == {"logprobs", "top_logprobs", "truncate", "shift", "sparkle", "options.num_ctx"}


@pytest.mark.parametrize(
    "harmless",
    [
        {"keep_alive": -1},
        {"keep_alive": "1h"},
        {"truncate": False, "shift": False, "logprobs": False, "top_logprobs": 0},
        {"think": None, "format": "", "options": None, "tools": [], "sparkle": None},
    ],
)
def test_what_changes_nothing_is_not_named(harmless: dict[str, Any]) -> None:
    assert chat_prompt(**harmless) == chat_prompt()


def test_tools_are_a_chats_only() -> None:
    read = generate_prompt(tools=[TOOL])
    assert (read.tools, read.dropped) == ((), ("tools",))


@pytest.mark.parametrize(("field", "value"), [("stream", "yes"), ("model", 3), ("tools", {}), ("think", 2)])
def test_a_field_of_the_wrong_type_is_refused_by_name(field: str, value: object) -> None:
    assert refused(chatting(HELLO, **{field: value})).param == field


# --- `options` ---------------------------------------------------------------------------------------------------


def options(**said: Any) -> Prompt:
    return chat_prompt(options=said)


def test_what_a_hosted_model_has_as_well_is_read() -> None:
    read = options(
        num_predict=100,
        temperature=1,
        top_p=0.5,
        top_k=40,
        seed=7,
        stop=["END", "STOP"],
        presence_penalty=0.1,
        frequency_penalty=-0.2,
    )
    sampling = {"temperature": 1.0, "top_p": 0.5, "top_k": 40, "presence_penalty": 0.1, "frequency_penalty": -0.2}
    assert read == replace(chat_prompt(), limit=100, seed=7, stop=("END", "STOP"), **sampling)


@pytest.mark.parametrize("body", [{}, {"options": None}, {"options": {}}])
def test_no_options_say_nothing(body: dict[str, Any]) -> None:
    assert chat_prompt(**body) == chat_prompt()


def test_nulls_say_nothing() -> None:
    assert options(num_predict=None, temperature=None, stop=None, num_ctx=None, mirostat=None) == chat_prompt()


@pytest.mark.parametrize("endless", [0, -1, -2])
def test_a_limit_below_one_is_none(endless: int) -> None:
    assert options(num_predict=endless, top_k=endless) == chat_prompt()


def test_a_seed_of_minus_one_is_any() -> None:
    assert options(seed=-1).seed is None
    assert options(seed=0).seed == 0


def test_a_whole_number_may_have_a_point() -> None:
    assert options(num_predict=16.0).limit == 16


def test_a_stop_may_be_one_text_and_empty_ones_stop_nothing() -> None:
    assert options(stop="END").stop == ("END",)
    assert options(stop=["", "END"]).stop == ("END",)
    assert options(stop="").stop == ()


def test_the_rest_is_named_and_a_machines_own_affairs_are_not() -> None:
    read = options(num_ctx=8192, repeat_penalty=1.1, mirostat=0, num_gpu=1, num_thread=8, use_mmap=False, vocab_only=1)
    assert read == replace(chat_prompt(), dropped=("options.num_ctx", "options.repeat_penalty", "options.mirostat"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_predict", "many"),
        ("num_predict", 1.5),
        ("num_predict", True),
        ("temperature", "hot"),
        ("temperature", 10**400),
        ("seed", [1]),
        ("stop", 3),
        ("stop", ["END", 3]),
    ],
)
def test_a_wrong_type_is_refused_by_the_whole_name(name: str, value: object) -> None:
    with pytest.raises(Failure) as caught:
        options(**{name: value})
    assert caught.value.param == f"options.{name}"


def test_options_that_are_no_object_are_refused() -> None:
    with pytest.raises(Failure) as caught:
        chat_prompt(options=[1])
    assert caught.value.param == "options"


# --- `format` and `think` ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, None),
        ("", None),
        ("json", Schema(None)),
        ({}, Schema(None)),
        ({"type": "object"}, Schema({"type": "object"})),
    ],
)
def test_a_format_is_json_or_a_schema(said: object, meant: Schema | None) -> None:
    assert read_format(JsonNode({"format": said})) == meant


@pytest.mark.parametrize("said", ["xml", True, 1, ["json"]])
def test_another_format_is_refused(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_format(JsonNode({"format": said}))
    assert caught.value.param == "format"


@pytest.mark.parametrize(
    ("said", "meant", "shown"),
    [
        (None, None, True),
        (True, ReasoningConfig(show=True), True),
        ("low", ReasoningConfig("low", show=True), True),
        ("max", ReasoningConfig("max", show=True), True),
        (False, ReasoningConfig("none"), False),
        ("none", ReasoningConfig("none"), False),
    ],
)
def test_reasoning_is_shown_unless_it_is_not_wanted(said: object, meant: ReasoningConfig | None, shown: bool) -> None:
    read = read_think(JsonNode({"think": said}))
    assert read == meant
    assert shows_reasoning(Prompt("m", (), reasoning=read)) is shown


@pytest.mark.parametrize("said", ["", "hard", "true", 1, 0, [], {}])
def test_another_measure_of_thinking_is_refused(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_think(JsonNode({"think": said}))
    assert caught.value.param == "think"


# --- tools -------------------------------------------------------------------------------------------------------


def test_a_function_becomes_a_tool() -> None:
    assert read_tools(JsonNode({"tools": [TOOL]})) == (Tool("weather", "It", WEATHER),)


@pytest.mark.parametrize("body", [{}, {"tools": None}, {"tools": []}])
def test_no_tools_are_normal(body: dict[str, Any]) -> None:
    assert read_tools(JsonNode(body)) == ()


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_tool_without_parameters_takes_an_empty_object(parameters: dict[str, Any]) -> None:
    read = read_tools(JsonNode({"tools": [{"function": {"name": "now", **parameters}}]}))
    assert read == (Tool("now", None, {"type": "object", "properties": {}}),)


@pytest.mark.parametrize(
    ("tool", "field"),
    [
        ({}, "tools[0].function"),
        ({"type": "retrieval"}, "tools[0].type"),
        ({"function": {}}, "tools[0].function.name"),
        ({"function": {"name": ""}}, "tools[0].function.name"),
        ({"function": {"name": "f", "parameters": []}}, "tools[0].function.parameters"),
        ({"function": {"name": "f", "description": 1}}, "tools[0].function.description"),
        ("weather", "tools[0]"),
    ],
)
def test_what_is_no_function_is_refused(tool: object, field: str) -> None:
    with pytest.raises(Failure) as caught:
        read_tools(JsonNode({"tools": [tool]}))
    assert caught.value.param == field
