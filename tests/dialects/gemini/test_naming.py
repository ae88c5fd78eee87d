"""Fields in either spelling, and what the path says."""

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects import Request
from passenger.dialects.gemini.naming import camel, camel_fields, is_streamed, model_of
from passenger.dialects.gemini.peeking import peek
from passenger.dialects.gemini.prompt_in import read_prompt
from passenger.errors import Failure
from tests.dialects.gemini.asking import request


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
    assert camel(given) == expected


@given(st.text())
def test_a_name_in_camel_case_stays_so(name: str) -> None:
    assert camel(camel(name)) == camel(name)


def test_what_is_the_clients_own_keeps_its_names() -> None:
    given = {"function_call": {"name": "f", "args": {"my_key": {"an_other": 1}}}, "response_schema": {"a_b": {}}}
    assert camel_fields(given) == {
        "functionCall": {"name": "f", "args": {"my_key": {"an_other": 1}}},
        "responseSchema": {"a_b": {}},
    }


def test_camel_case_wins_over_the_other_spelling() -> None:
    assert camel_fields({"topK": 1, "top_k": 2}) == camel_fields({"top_k": 2, "topK": 1}) == {"topK": 1}
    assert camel_fields({"topK": None, "top_k": 2}) == camel_fields({"top_k": 2, "topK": None}) == {"topK": 2}


def test_the_order_of_fields_is_the_clients_own() -> None:
    assert list(camel_fields({"b": 1, "a_b": 2, "c": 3, "aB": 4})) == ["b", "aB", "c"]


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
    assert read == read_prompt(request(camel_fields(SNAKE)))
    assert (read.limit, read.top_p, read.stop) == (7, 0.5, ("x",))
    assert read.dropped == ()


OPAQUE = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
CAMEL: dict[str, Any] = {
    **camel_fields(SNAKE),
    "safetySettings": [{"category": "X"}],
    "labels": {"my_label": "a"},
    "generationConfig": {**camel_fields(SNAKE)["generationConfig"], "mediaResolution": "LOW"},
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
    assert (model_of(asked), is_streamed(asked)) == ("m", True)


@pytest.mark.parametrize("name", ["", "models/"])
def test_a_path_without_a_model_is_refused(name: str) -> None:
    with pytest.raises(Failure) as caught:
        model_of(Request(b"{}", {"model": name}))
    assert caught.value.param == "model"
