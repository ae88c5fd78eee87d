"""Fields in either spelling, repeated ones without their brackets, and what the path says."""

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects import Request
from passenger.dialects.google.fields import camel_case, is_streamed, read_model, read_repeated, to_camel_case
from passenger.dialects.google.peek import peek
from passenger.dialects.google.request_in import read_prompt
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode
from tests.dialects.google.asking import request


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("max_output_tokens", "maxOutputTokens"),
        ("maxOutputTokens", "maxOutputTokens"),
        ("_responseJsonSchema", "responseJsonSchema"),
        ("text", "text"),
        ("top_k", "topK"),
    ],
)
def test_a_field_has_one_name(given: str, expected: str) -> None:
    assert camel_case(given) == expected


@given(st.text())
def test_a_name_in_camel_case_stays_so(name: str) -> None:
    assert camel_case(camel_case(name)) == camel_case(name)


def test_what_is_the_clients_own_keeps_its_names() -> None:
    given = {"function_call": {"name": "f", "args": {"my_key": {"an_other": 1}}}, "response_schema": {"a_b": {}}}
    assert to_camel_case(given) == {
        "functionCall": {"name": "f", "args": {"my_key": {"an_other": 1}}},
        "responseSchema": {"a_b": {}},
    }


def test_camel_case_wins_over_the_other_spelling() -> None:
    assert to_camel_case({"topK": 1, "top_k": 2}) == to_camel_case({"top_k": 2, "topK": 1}) == {"topK": 1}
    assert to_camel_case({"topK": None, "top_k": 2}) == to_camel_case({"top_k": 2, "topK": None}) == {"topK": 2}


def test_the_order_of_fields_is_the_clients_own() -> None:
    assert list(to_camel_case({"b": 1, "a_b": 2, "c": 3, "aB": 4})) == ["b", "aB", "c"]


SNAKE: dict[str, Any] = {
    "contents": [
        {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]},
        {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"a_b": 1}}}]},
        {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"c_d": 2}}}]},
    ],
    "system_instruction": {"parts": [{"text": "be kind"}]},
    "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
    "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
    "generation_config": {
        "max_output_tokens": 7,
        "top_p": 0.5,
        "stop_sequences": ["x"],
        "response_mime_type": "application/json",
        "response_json_schema": {"type": "object"},
        "thinking_config": {"thinking_budget": 99, "include_thoughts": True},
    },
}


def test_both_spellings_are_the_same_request() -> None:
    read = read_prompt(request(SNAKE))
    assert read == read_prompt(request(to_camel_case(SNAKE)))
    assert (read.limit, read.top_p, read.stop) == (7, 0.5, ("x",))
    assert read.dropped == ()


OPAQUE = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
CAMEL: dict[str, Any] = {
    **to_camel_case(SNAKE),
    "safetySettings": [{"category": "X"}],
    "labels": {"my_label": "a"},
    "generationConfig": {**to_camel_case(SNAKE)["generationConfig"], "mediaResolution": "LOW"},
}


def respelled(value: Any, snake: random.Random) -> Any:
    """The same with some fields in `snake_case`, but for what is the client's own."""
    if isinstance(value, list):
        return [respelled(inner, snake) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {name: held if name in OPAQUE else respelled(held, snake) for name, held in value.items()}
    return {re.sub("[A-Z]", _lower, name) if snake.random() < 0.5 else name: held for name, held in inner.items()}


def _lower(found: re.Match[str]) -> str:
    return f"_{found[0].lower()}"


@given(st.randoms(use_true_random=False))
def test_any_mix_of_spellings_is_the_same_request(snake: random.Random) -> None:
    mixed = request(respelled(CAMEL, snake))
    assert read_prompt(mixed) == read_prompt(request(CAMEL))
    assert peek(mixed) == peek(request(CAMEL))


@pytest.mark.parametrize("name", ["m", "models/m"])
def test_the_path_names_the_model_and_the_action(name: str) -> None:
    asked = Request(b"{}", {"model": name, "action": "streamGenerateContent"})
    assert (read_model(asked), is_streamed(asked)) == ("m", True)


@pytest.mark.parametrize("name", ["", "models/"])
def test_a_path_without_a_model_is_refused(name: str) -> None:
    with pytest.raises(Failure) as caught:
        read_model(Request(b"{}", {"model": name}))
    assert caught.value.param == "model"


# --- repeated fields ---------------------------------------------------------------------------------------------


LISTED: dict[str, Any] = {
    "contents": [{"parts": [{"text": "hi"}]}],
    "systemInstruction": {"parts": [{"text": "be kind"}]},
    "tools": [{"functionDeclarations": [{"name": "f"}]}],
}
ALONE: dict[str, Any] = {
    "contents": {"parts": {"text": "hi"}},
    "systemInstruction": {"parts": {"text": "be kind"}},
    "tools": {"functionDeclarations": {"name": "f"}},
}


def test_an_element_alone_is_a_list_of_one() -> None:
    assert read_prompt(request(ALONE)) == read_prompt(request(LISTED))
    assert peek(request(ALONE)) == peek(request(LISTED))


def test_each_object_knows_its_place() -> None:
    turn = JsonNode({"parts": [{}, {"a": 1}]}, "x")
    assert read_repeated(turn, "parts") == [JsonNode({}, "x.parts[0]"), JsonNode({"a": 1}, "x.parts[1]")]
    assert read_repeated(JsonNode({"parts": {"a": 1}}), "parts") == [JsonNode({"a": 1}, "parts[0]")]
    assert read_repeated(JsonNode({"parts": None}), "parts") == read_repeated(JsonNode({}), "parts") == []


@pytest.mark.parametrize(("value", "param"), [("hi", "parts"), (1, "parts"), ([{}, "hi"], "parts[1]")])
def test_anything_else_is_refused_where_it_stands(value: object, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read_repeated(JsonNode({"parts": value}), "parts")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)
