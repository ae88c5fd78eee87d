from typing import Any

import pytest
from msgspec.structs import replace

from passenger.chat import Abilities, Message, Prompt, Reasoning, Schema, Text, Tool, ToolChoice, Written
from passenger.dialects import responses

USER = Message("user", (Text("hi"),))
PROMPT = Prompt("gpt-5.5", (USER,))
ABLE = Abilities(vendor="openai", max_output=128000, efforts=("low", "medium", "high"))
SHAPE = {"type": "object"}


def written(**changes: Any) -> Written:
    return responses.write_prompt(replace(PROMPT, **changes), ABLE)


def test_a_request_streams_and_keeps_nothing_and_asks_for_seals() -> None:
    assert written().body == {
        "model": "gpt-5.5",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
    }
    assert (written().dropped, written().headers) == ((), {})


def test_what_tunes_has_its_own_names() -> None:
    body = written(limit=99, temperature=0.5, top_p=0.9, user="me", cache_key="k", parallel=False, verbosity="low").body
    assert (body["max_output_tokens"], body["temperature"], body["top_p"]) == (99, 0.5, 0.9)
    assert (body["user"], body["prompt_cache_key"], body["parallel_tool_calls"]) == ("me", "k", False)
    assert body["text"] == {"verbosity": "low"}


def test_a_limit_below_the_floor_is_raised_by_name() -> None:
    assert written(limit=1).body["max_output_tokens"] == 16
    assert written(limit=1).dropped == ("limit",)
    assert written(limit=16).dropped == ()


def test_what_has_no_field_is_left_out_by_name() -> None:
    changes = {"top_k": 4, "seed": 0, "presence_penalty": 0.5, "frequency_penalty": 0.5}
    assert written(**changes).dropped == ("top_k", "seed", "presence_penalty", "frequency_penalty")
    assert written(presence_penalty=0.0, frequency_penalty=0.0).dropped == ()


def test_stop_sequences_are_the_reader_s_business() -> None:
    assert written(stop=("x",)) == written()


@pytest.mark.parametrize(
    ("reasoning", "field"),
    [
        (None, None),
        (Reasoning(), None),
        (Reasoning("high"), {"effort": "high"}),
        (Reasoning("xhigh"), {"effort": "high"}),
        (Reasoning(budget=2000, show=True), {"effort": "low", "summary": "auto"}),
        (Reasoning(budget=0), {"effort": "low"}),
        (Reasoning(show=True), {"summary": "auto"}),
        (Reasoning("low", show=False), {"effort": "low"}),
    ],
)
def test_how_much_to_think_is_said_in_a_word_that_the_model_knows(
    reasoning: Reasoning | None, field: dict[str, Any] | None
) -> None:
    assert written(reasoning=reasoning).body.get("reasoning") == field


def test_a_schema_is_the_format_of_the_text() -> None:
    schema = Schema(SHAPE, "my answer", strict=True, description="d")
    form = written(schema=schema, verbosity="high").body["text"]["format"]
    assert form.pop("name").startswith("my_answer")
    assert form == {"type": "json_schema", "schema": SHAPE, "strict": True, "description": "d"}
    assert written(schema=Schema(SHAPE)).body["text"] == {
        "format": {"type": "json_schema", "name": "answer", "schema": SHAPE}
    }


def test_any_json_object_is_asked_for_in_words_as_well() -> None:
    body = written(schema=Schema(None)).body
    assert body["text"] == {"format": {"type": "json_object"}}
    assert [item["role"] for item in body["input"]] == ["system", "user"]
    said = Message("user", (Text("Say it in Json"),))
    assert len(written(schema=Schema(None), messages=(said,)).body["input"]) == 1


def test_tools_come_with_their_choice() -> None:
    body = written(tools=(Tool("f"),), tool_choice=ToolChoice("required", ("f",))).body
    assert body["tools"][0]["name"] == "f"
    assert body["tool_choice"] == {"type": "function", "name": "f"}
    assert "tool_choice" not in written(tool_choice=ToolChoice("auto")).body


def test_the_same_prompt_is_written_the_same_way_each_time() -> None:
    assert list(written(tools=(Tool("f"),), limit=20).body) == list(written(tools=(Tool("f"),), limit=20).body)
