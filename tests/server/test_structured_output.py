"""The shape of an answer from Claude: what is enforced, what is asked for in words, and how that is named."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.simulator import Simulator
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "claude-opus-5"
UP = "/v1/messages"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "name": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        "kind": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/Kind"}]},
        "site": {"type": "string", "format": "uri-reference"},
    },
    "required": ["age", "kind"],
    "$defs": {"Kind": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}},
}
PLAIN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}

NAMES = {
    "completions": "response_format",
    "responses": "text.format",
    "gemini": "generationConfig.responseSchema",
    "ollama": "format",
}


def request(client: str, schema: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """A request for an answer of that shape, of any JSON object where there is none."""
    messages = [{"role": "user", "content": "hello"}]
    match client:
        case "completions":
            form: dict[str, Any] = {"type": "json_object"}
            if schema is not None:
                form = {"type": "json_schema", "json_schema": {"name": "a", "description": "A pet.", "schema": schema}}
            return "/v1/chat/completions", {"model": MODEL, "messages": messages, "response_format": form}
        case "responses":
            form = {"type": "json_object"}
            if schema is not None:
                form = {"type": "json_schema", "name": "a", "description": "A pet.", "schema": schema}
            return "/v1/responses", {"model": MODEL, "input": "hello", "text": {"format": form}}
        case "gemini":
            config: dict[str, Any] = {"responseMimeType": "application/json"}
            config |= {} if schema is None else {"responseSchema": schema}
            contents = [{"role": "user", "parts": [{"text": "hello"}]}]
            return f"/v1beta/models/{MODEL}:generateContent", {"contents": contents, "generationConfig": config}
        case _:
            form = "json" if schema is None else schema  # type: ignore[assignment]
            return "/api/chat", {"model": MODEL, "messages": messages, "format": form, "stream": False}


async def asked(one: Bench, client: str, schema: dict[str, Any] | None) -> Answer:
    path, body = request(client, schema)
    return await one.send("POST", path, json=body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    directory = tmp_path_factory.mktemp("bench")
    async with Simulator(speaks={MODEL: [UP]}) as simulator, bench(directory, simulator=simulator) as found:
        yield found


@pytest.fixture
def one(module_bench: Bench) -> Bench:
    module_bench.forget()
    return module_bench


@pytest.mark.parametrize("client", NAMES)
async def test_a_schema_that_anthropic_would_refuse_is_taken_and_what_is_only_worded_is_named_once(
    one: Bench, client: str
) -> None:
    answer = await asked(one, client, SCHEMA)
    assert answer.status == 200, answer.body
    assert answer.headers["x-passenger-dropped"] == f"{NAMES[client]} (partly in words)"
    (sent,) = one.sim.seen(UP)
    schema = sent.json()["output_config"]["format"]["schema"]
    assert schema["properties"].keys() == SCHEMA["properties"].keys()
    assert (schema["required"], schema["additionalProperties"]) == (SCHEMA["required"], False)
    assert json.loads(schema["properties"]["age"]["description"]) == {"minimum": 0, "maximum": 150}
    if client in {"completions", "responses"}:
        assert schema["description"] == "A pet."


@pytest.mark.parametrize("client", NAMES)
async def test_a_schema_that_is_enforced_is_not_named(one: Bench, client: str) -> None:
    answer = await asked(one, client, PLAIN)
    assert answer.status == 200
    assert "x-passenger-dropped" not in answer.headers


@pytest.mark.parametrize("client", NAMES)
@pytest.mark.parametrize("schema", [None, {"type": "object"}], ids=["JSON mode", "any object"])
async def test_any_object_is_asked_for_in_words_and_said_so(
    one: Bench, client: str, schema: dict[str, Any] | None
) -> None:
    answer = await asked(one, client, schema)
    assert answer.status == 200
    assert answer.headers["x-passenger-dropped"] == f"{NAMES[client]} (in words)"
    (sent,) = one.sim.seen(UP)
    assert "output_config" not in sent.json()
    assert "one JSON object and nothing else" in sent.json()["system"][-1]["text"]


async def test_strict_settings_refuse_what_is_not_enforced_by_its_own_name(tmp_path: Path) -> None:
    config = "[upstream]\nstrict = true\n"
    async with Simulator(speaks={MODEL: [UP]}) as simulator, bench(tmp_path, simulator=simulator, config=config) as one:
        for schema in (None, SCHEMA):
            answer = await asked(one, "completions", schema)
            assert (answer.status, answer.error["param"]) == (400, "response_format")
            assert "in words" in answer.error["message"]
        assert (await asked(one, "completions", PLAIN)).status == 200
