from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from tests.simulator.client import Client, Response

ACCEPTED = (
    "claude-code-20250219, oauth-2025-04-20, interleaved-thinking-2025-05-14, context-management-2025-06-27, "
    "fine-grained-tool-streaming-2025-05-14, prompt-caching-2024-07-31, extended-cache-ttl-2025-04-11, "
    "tool-search-tool-2025-11-19, advanced-tool-use-2025-11-20, token-efficient-tools-2025-02-19"
)
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}
REMOTE = {"type": "image", "source": {"type": "url", "url": "https://simulated.example/a.png"}}
VISION = {"Copilot-Vision-Request": "true"}


def capi(answer: Response) -> tuple[int, str, str]:
    """An error of CAPI's: text/plain, with a newline."""
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.endswith(b"}\n")
    assert "type" not in answer.json()
    found = answer.json()["error"]
    return answer.status, found["code"], found["message"]


def vendor(answer: Response) -> str:
    """An error of the vendor's: JSON, without a newline, and without a quota."""
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert answer.body.endswith(b"}")
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert body["request_id"].startswith("req_01")
    assert not [name for name in answer.headers if name.startswith("x-quota")]
    return str(body["error"]["message"])


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5.5", "gemini-2.5-pro"])
async def test_only_models_that_list_the_path_answer(client: Client, model: str) -> None:
    expected = f'model "{model}" is not accessible via the /v1/messages endpoint'
    assert capi(await client.messages(model=model)) == (400, "unsupported_api_for_model", expected)


@pytest.mark.parametrize("model", ["nothing", "claude-sonnet-4-6"])
async def test_only_ids_as_they_are_listed_are_supported(client: Client, model: str) -> None:
    assert capi(await client.messages(model=model))[1] == "model_not_supported"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages":[]}', b'{"model":7}'])
async def test_a_body_that_names_no_model_is_refused(client: Client, body: bytes) -> None:
    assert capi(await client.post("/v1/messages", body))[:2] == (400, "invalid_request_body")


@pytest.mark.parametrize("beta", ["tool-search-tool-2025-10-19", "output-128k-2025-02-19"])
async def test_denied_betas_are_refused_by_name(client: Client, beta: str) -> None:
    answer = await client.messages(headers={"anthropic-beta": f"{ACCEPTED},{beta}"})
    assert capi(answer) == (400, "invalid_request_body", f"unsupported beta header(s): {beta}")
    assert (await client.messages(headers={"anthropic-beta": ACCEPTED})).status == 200


async def test_images_need_the_vision_header_and_must_come_inside(client: Client) -> None:
    assert capi(await client.messages([PNG])) == (
        400,
        "",
        "missing required Copilot-Vision-Request header for vision requests",
    )
    assert (await client.messages([PNG, PDF], headers=VISION)).status == 200
    assert (await client.messages([PDF])).status == 200
    assert "external image URLs" in capi(await client.messages([REMOTE], headers=VISION))[2]


async def test_an_overflow_is_the_vendors_with_a_code_and_both_numbers(sim: Simulator, client: Client) -> None:
    long = await client.messages("x" * 700_000)
    assert vendor(long) == "prompt is too long: 175003 tokens > 168000 maximum"
    assert b'"code":"model_max_prompt_tokens_exceeded"' in long.body
    assert b"\\u003e" in long.body
    assert "168001 tokens > 168000" in vendor(await client.messages("[[overflow]]"))
    sim.inject(Fault(overflow=True), "/v1/messages/count_tokens")
    body: dict[str, Any] = {"model": "claude-sonnet-4.6", "messages": [{"role": "user", "content": "x"}]}
    assert "prompt is too long" in vendor(await client.post("/v1/messages/count_tokens", body))


async def test_a_body_over_five_mebibytes_is_too_large_in_the_vendors_words(client: Client) -> None:
    answer = await client.messages("x" * 5 * 1024 * 1024)
    assert (answer.status, answer.json()["error"]) == (
        413,
        {"message": "Request body too large.", "type": "request_too_large"},
    )


@pytest.mark.parametrize(("status", "kind"), [(413, "request_too_large"), (529, "overloaded_error")])
async def test_some_statuses_are_the_vendors(sim: Simulator, client: Client, status: int, kind: str) -> None:
    sim.inject(Fault(status=status), "/v1/messages")
    answer = await client.messages()
    assert (answer.status, answer.json()["error"]["type"]) == (status, kind)
