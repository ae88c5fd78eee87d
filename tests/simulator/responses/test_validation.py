from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.simulator.client import Client, Response

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
OVERFLOW = "Your input exceeds the context window of this model. Please adjust your input and try again."


def error(answer: Response, code: str = "invalid_request_body") -> str:
    """The message of a CAPI error with that code."""
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.endswith(b"}\n")
    found = answer.json()["error"]
    assert found["code"] == code
    return str(found["message"])


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4.6", "gemini-2.5-pro"])
async def test_only_models_that_list_the_path_answer(client: Client, model: str) -> None:
    expected = f'model "{model}" is not accessible via the /responses endpoint'
    assert error(await client.responses(model=model), "unsupported_api_for_model") == expected


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"input":"x"}', b'{"model":7}'])
async def test_a_body_that_names_no_model_is_refused(client: Client, body: bytes) -> None:
    error(await client.post("/responses", body))


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"service_tier": "auto"}, "service_tier"),
    ],
)
async def test_what_capi_does_not_let_through_is_named(client: Client, more: dict[str, Any], name: str) -> None:
    answer = await client.responses(**more)
    assert error(answer, "unsupported_value") == f"{name} is not supported"
    assert answer.json()["error"]["param"] == name


async def test_nothing_was_kept_of_an_earlier_response(client: Client) -> None:
    assert "'r1' not found" in error(await client.responses(previous_response_id="r1"), "previous_response_not_found")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"max_output_tokens": 8},
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 8 instead.",
        ),
        ({"max_tokens": 8}, "Unknown parameter: 'max_tokens'."),
        ({"stop": ["x"]}, "Unknown parameter: 'stop'."),
        ({"reasoning": {"budget": 8}}, "Unknown parameter: 'reasoning.budget'."),
        ({"text": {"form": 8}}, "Unknown parameter: 'text.form'."),
        (
            {"reasoning": {"summary": "all"}},
            "Invalid value: 'all'. Supported values are: 'concise', 'detailed', and 'auto'.",
        ),
        ({"text": {"verbosity": "x"}}, "Invalid value: 'x'. Supported values are: 'low', 'medium', and 'high'."),
        ({"truncation": "x"}, "Invalid value: 'x'. Supported values are: 'auto', and 'disabled'."),
        ({"temperature": "1"}, "Invalid type for 'temperature': expected an integer, but got a string instead."),
        ({"stream": 1}, "Invalid type for 'stream': expected a boolean, but got an integer instead."),
        ({"top_logprobs": True}, "Invalid type for 'top_logprobs': expected an integer, but got a boolean instead."),
        ({"input": None}, "Missing required parameter: 'input'."),
        ({"text": {"format": {}}}, "Missing required parameter: 'text.format.type'."),
        (
            {"text": {"format": {"type": "json_schema", "schema": {"a": 1}}}},
            "Missing required parameter: 'text.format.name'.",
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "n"}}},
            "Missing required parameter: 'text.format.schema'.",
        ),
    ],
)
async def test_a_field_is_refused_by_name(client: Client, more: dict[str, Any], message: str) -> None:
    assert error(await client.responses(**more)) == message


async def test_an_effort_that_the_model_does_not_list_is_refused_by_its_value(client: Client) -> None:
    refused = await client.responses(reasoning={"effort": "minimal"})
    assert error(refused, "unsupported_value") == (
        "Unsupported value: 'minimal' is not supported with the 'gpt-5.5-2026-04-23' model. "
        "Supported values are: 'none', 'low', 'medium', 'high', and 'xhigh'."
    )
    assert refused.json()["error"]["param"] == "reasoning.effort"


async def test_what_cannot_be_included_is_refused(client: Client) -> None:
    assert error(await client.responses(include=["all"])).startswith("Invalid value: 'all'.")


@pytest.mark.parametrize(
    "more",
    [
        {"metadata": {"a": "b"}, "max_tool_calls": 3, "prompt_cache_retention": "24h", "safety_identifier": "s"},
        {"user": "me", "store": False, "service_tier": None, "background": False, "previous_response_id": None},
        {"prompt_cache_key": "k", "truncation": "auto", "include": [], "client_metadata": {"a": "b"}},
        {"reasoning": {"effort": "none", "context": "all_turns"}, "text": {"verbosity": "low"}},
        {"context_management": [{"type": "compaction", "compact_threshold": 1000}], "max_output_tokens": 16},
    ],
)
async def test_what_is_let_through(client: Client, more: dict[str, Any]) -> None:
    assert (await client.responses(**more)).status == 200


async def test_images_need_the_vision_header_and_must_come_inside(client: Client) -> None:
    vision = {"Copilot-Vision-Request": "true"}
    assert "Copilot-Vision-Request" in error(await client.responses([{"role": "user", "content": [IMAGE]}]), "")
    assert (await client.responses([{"role": "user", "content": [IMAGE]}], headers=vision)).status == 200
    remote = IMAGE | {"image_url": "https://simulated.example/a.png"}
    assert "external" in error(await client.responses([{"role": "user", "content": [remote]}], headers=vision))


async def test_an_overflow_names_no_number(sim: Simulator, client: Client) -> None:
    assert error(await client.responses("x" * 600_000, model="gpt-5-mini")) == OVERFLOW
    assert error(await client.responses("[[overflow]]")) == OVERFLOW
    sim.inject(Fault(overflow=True), "/responses")
    assert error(await client.responses()) == OVERFLOW


async def test_a_body_over_five_mebibytes_is_too_large(client: Client) -> None:
    assert (await client.responses("x" * 5 * 1024 * 1024)).status == 413
