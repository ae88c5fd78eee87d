from typing import Any

import pytest

from tests.simulator.client import Client, Response

USER = {"role": "user", "content": "x"}
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
REMOTE = {"type": "image_url", "image_url": {"url": "https://simulated.example/a.png"}}
TOOL = {"type": "function", "function": {"name": "t"}}
BAD_CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "t", "arguments": "{"}}],
}


def error(answer: Response) -> tuple[int, str, str]:
    found = answer.json()["error"]
    return answer.status, found["code"], found["message"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"messages": None}, "got null, want array"),
        ({"messages": {}}, "got object, want array"),
        ({"messages": []}, "minimum 1 items required"),
        ({"messages": ["x"]}, "got string, want object"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "role/enum"),
        ({"messages": [{"role": "user", "content": 7}]}, "got number, want string"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "items/properties/content/oneOf/1"),
        ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "tool_calls/type"),
        ({"model": 7}, "got number, want string, Location: /properties/model"),
        ({"stream": "yes"}, "got string, want boolean, Location: /properties/stream"),
        ({"n": True}, "/properties/n/"),
        ({"stop": [1]}, "/properties/stop/"),
        ({"n": 1000}, "invalid request body"),
        ({"prediction": {"type": "content", "content": ""}}, "invalid request body"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "each needs a function"),
        ({"tools": ["x"]}, "each needs a function"),
        ({"tools": [TOOL] * 129}, "at most 128"),
    ],
)
async def test_a_body_against_the_schema_is_refused_with_the_place(
    client: Client, change: dict[str, object], part: str
) -> None:
    answer = await client.post("/chat/completions", {"model": "gpt-4o", "messages": [USER]} | change)
    status, code, message = error(answer)
    assert (status, code) == (400, "invalid_request_body")
    assert part in message


@pytest.mark.parametrize("name", ["model", "messages"])
async def test_a_missing_property_is_named(client: Client, name: str) -> None:
    body = {key: value for key, value in {"model": "gpt-4o", "messages": [USER]}.items() if key != name}
    assert f"'{name}'" in error(await client.post("/chat/completions", body))[2]


@pytest.mark.parametrize("model", ["nothing", "claude-sonnet-4-6", "GPT-4o"])
async def test_only_ids_as_they_are_listed_are_supported(client: Client, model: str) -> None:
    found = (await client.chat(model=model)).json()["error"]
    assert (found["code"], found["param"]) == ("model_not_supported", "model")


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.3-codex", "text-embedding-3-small"])
async def test_a_model_of_another_api_is_refused(client: Client, model: str) -> None:
    expected = f'model "{model}" is not accessible via the /chat/completions endpoint'
    assert error(await client.chat(model=model)) == (400, "unsupported_api_for_model", expected)


async def test_newer_gpt_takes_max_completion_tokens_only(client: Client) -> None:
    refused = await client.chat(model="gpt-5.1", max_tokens=5)
    assert "Use 'max_completion_tokens' instead." in error(refused)[2]
    assert (await client.chat(model="gpt-5.1", max_completion_tokens=5)).status == 200
    assert (await client.chat(model="gpt-5-mini", max_tokens=5)).status == 200


async def test_an_effort_the_model_does_not_know_is_refused(client: Client) -> None:
    assert "'low', 'medium', 'high'" in error(await client.chat(model="gpt-5-mini", reasoning_effort="max"))[2]


@pytest.mark.parametrize("name", ["temperature", "top_p"])
async def test_models_that_reason_sample_by_their_default_only(client: Client, name: str) -> None:
    said = "does not support 0.5 with this model. Only the default (1) value is supported."
    expected = f"Unsupported value: '{name}' {said}"
    other: Any = {name: 0.5}
    default: Any = {name: 1}
    for model in ("gpt-5-mini", "gpt-5.1"):
        assert error(await client.chat(model=model, **other)) == (400, "unsupported_value", expected)
        assert (await client.chat(model=model, **default)).status == 200
    assert (await client.chat(model="gpt-4o", **other)).status == 200


async def test_images_need_the_vision_header_and_must_come_inside(client: Client) -> None:
    assert error(await client.chat([PNG])) == (  # type: ignore[arg-type]  # content parts
        400,
        "",
        "missing required Copilot-Vision-Request header for vision requests",
    )
    header = {"Copilot-Vision-Request": "true"}
    assert (await client.chat([PNG], headers=header)).status == 200  # type: ignore[arg-type]  # content parts
    assert (await client.chat([REMOTE], headers=header)).status == 400  # type: ignore[arg-type]  # content parts


async def test_arguments_in_the_history_must_be_json(client: Client) -> None:
    answer = await client.post("/chat/completions", {"model": "gpt-4o", "messages": [USER, BAD_CALL]})
    assert error(answer)[:2] == (400, "invalid_tool_call_format")


async def test_a_prompt_over_the_models_limit_is_refused_with_both_numbers(client: Client) -> None:
    answer = await client.chat("x" * 60_000, model="gpt-4o-mini")
    expected = "prompt token count of 15003 exceeds the limit of 12288"
    assert error(answer) == (400, "model_max_prompt_tokens_exceeded", expected)


async def test_a_body_over_five_mebibytes_is_too_large(client: Client) -> None:
    assert error(await client.chat("x" * 5 * 1024 * 1024)) == (413, "", "failed to parse request")
