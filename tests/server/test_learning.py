"""What one client's refused value costs the others, seen from outside: nothing."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from passenger.chat import signatures
from passenger.chat.prompt import Signature
from passenger.simulator import Fault, Simulator
from tests.proxy import profile_of
from tests.server.bench import Answer, Bench, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANTHROPIC = {"anthropic-version": "2023-06-01"}
SAYS = [{"role": "user", "content": "Why is the sky blue?"}]
ADAPTIVE = {"type": "adaptive"}
TEXT = {"type": "text", "text": "So."}
BUDGET = {"type": "enabled", "budget_tokens": 2000}


async def message(one: Bench, model: str, betas: str = "", **fields: Any) -> Answer:
    """A Messages request, as Claude Code and Anthropic's SDKs send it."""
    body = {"model": model, "max_tokens": 4000, "messages": SAYS, **fields}
    headers = ANTHROPIC | ({"anthropic-beta": betas} if betas else {})
    return await one.send("POST", "/v1/messages", json=body, headers=headers)


async def gemini(one: Bench, model: str, **config: Any) -> Answer:
    """A request of Gemini CLI's."""
    body = {"contents": [{"role": "user", "parts": [{"text": "Why?"}]}], "generationConfig": config}
    return await one.send("POST", f"/v1beta/models/{model}:generateContent", json=body)


def dropped(answer: Answer) -> set[str]:
    """What was left out, and named."""
    assert answer.status == 200, answer.body
    return set(filter(None, answer.headers.get("x-passenger-dropped", "").split(", ")))


def went_up(one: Bench, path: str = "/v1/messages") -> dict[str, Any]:
    """The last request that reached Copilot there."""
    body: dict[str, Any] = one.sim.seen(path)[-1].json()
    return body


def thoughts(answer: Answer) -> list[str]:
    """The types of the blocks of a whole message that are thoughts."""
    return [block["type"] for block in answer.json()["content"] if "thinking" in block["type"]]


def learned(one: Bench) -> set[str]:
    """The rows that all processes share."""
    file = profile_of(one.sim, one.proxy.home / ".local" / "state" / "passenger") / "learned.json"
    return {row["field"] for row in json.loads(file.read_text())["rows"]} if file.exists() else set()


WISHES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": SAYS, "reasoning_effort": "high"}),
    "responses": ("/v1/responses", {"input": "Why?", "reasoning": {"effort": "high", "summary": "auto"}}),
    "messages": ("/v1/messages", {"messages": SAYS, "max_tokens": 4000, "thinking": ADAPTIVE}),
    "gemini": (
        "/v1beta/models/claude-opus-5:generateContent",
        {
            "contents": [{"role": "user", "parts": [{"text": "Why?"}]}],
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "high", "includeThoughts": True}},
        },
    ),
    "ollama": ("/api/chat", {"messages": SAYS, "think": True, "stream": False}),
}
"""A wish to think that `claude-opus-5` takes, in each dialect of the clients."""


async def wish(one: Bench, dialect: str) -> Answer:
    """One request with such a wish."""
    path, body = WISHES[dialect]
    return await one.send("POST", path, json=body | {"model": "claude-opus-5"})


# --- thinking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["adaptive", "enabled"])
async def test_each_client_thinks_in_its_own_way_in_whichever_order_they_come(tmp_path: Path, first: str) -> None:
    forms = [ADAPTIVE, BUDGET] if first == "adaptive" else [BUDGET, ADAPTIVE]
    async with bench(tmp_path) as one:
        for form in [*forms, *forms]:
            answer = await message(one, "claude-opus-5", thinking=form)
            assert (dropped(answer), thoughts(answer)) == (set(), ["thinking"])
            assert went_up(one)["thinking"]["type"] == "adaptive"
        assert learned(one) == {"thinking.type=enabled>adaptive"}
        assert len(one.sim.seen("/v1/messages")) == 5


@pytest.mark.parametrize("dialect", WISHES)
async def test_what_one_client_was_refused_takes_nothing_from_a_client_of_any_dialect(
    tmp_path: Path, dialect: str
) -> None:
    async with bench(tmp_path) as one:
        before = await wish(one, dialect)
        first = one.sim.requests[-1].json()
        for refused in (
            {"thinking": BUDGET},
            {"thinking": ADAPTIVE | {"display": "updates"}},
            {"output_config": {"effort": "none"}, "thinking": ADAPTIVE},
            {"temperature": 0.5, "thinking": ADAPTIVE},
        ):
            assert (await message(one, "claude-opus-5", **refused)).status == 200
        after = await wish(one, dialect)
        assert one.sim.requests[-1].json() == first
        assert dropped(after) == dropped(before) == set()
        assert learned(one) == {"thinking.type=enabled>adaptive", "thinking.display=updates"}


async def test_a_model_with_budgets_alone_is_given_one_without_being_asked(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for form in (ADAPTIVE, BUDGET, ADAPTIVE):
            answer = await message(one, "claude-sonnet-4.5", thinking=form)
            assert (dropped(answer), thoughts(answer)) == (set(), ["thinking"])
            assert went_up(one)["thinking"]["type"] == "enabled"
        assert len(one.sim.seen("/v1/messages")) == 3
        assert learned(one) == set()


async def test_codex_keeps_its_effort_where_another_client_asked_for_too_little(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for effort, sent, named in (("minimal", "low", {"reasoning.effort"}), ("high", "high", set())):
            body = {"model": "gpt-5.5", "input": "Why?", "reasoning": {"effort": effort, "summary": "auto"}}
            assert dropped(await one.send("POST", "/v1/responses", json=body)) == named
            assert went_up(one, "/responses")["reasoning"] == {"effort": sent, "summary": "auto"}
        assert learned(one) == set()


async def test_gemini_clis_own_body_thinks_at_once_on_every_claude(tmp_path: Path) -> None:
    body = {"temperature": 1, "topP": 0.95, "topK": 64, "thinkingConfig": {"includeThoughts": True}}
    async with bench(tmp_path) as one:
        for model in ("claude-opus-5", "claude-opus-4.6", "claude-sonnet-4.5", "claude-opus-5"):
            answer = await gemini(one, model, **body)
            assert dropped(answer) <= {"generationConfig.topK", "generationConfig.topP"}
            parts = answer.json()["candidates"][0]["content"]["parts"]
            assert any(part.get("thought") for part in parts), parts
            assert went_up(one)["thinking"]["type"] in {"adaptive", "enabled"}


async def test_a_message_with_a_wish_of_claude_codes_needs_no_second_try(tmp_path: Path) -> None:
    betas = "interleaved-thinking-2025-05-14,thinking-display-updates-2026-08-18,effort-2025-11-24"
    async with bench(tmp_path) as one:
        thinking = ADAPTIVE | {"display": "updates"}
        answer = await message(one, "claude-opus-5", betas, thinking=thinking, output_config={"effort": "high"})
        assert dropped(answer) == {"thinking.display"}
        (seen,) = one.sim.seen("/v1/messages")
        assert seen.json()["thinking"] == ADAPTIVE
        assert seen.json()["output_config"] == {"effort": "high"}
        assert seen.header("anthropic-beta") == "interleaved-thinking-2025-05-14"
        bare = await message(one, "claude-opus-5", thinking=thinking)
        assert dropped(bare) == {"thinking.display"}
        assert learned(one) == {"thinking.display=updates"}
        assert dropped(await message(one, "claude-opus-5", thinking=ADAPTIVE | {"display": "summarized"})) == set()
        assert went_up(one)["thinking"] == ADAPTIVE | {"display": "summarized"}


async def test_several_lessons_are_learned_in_one_request(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        answer = await message(one, "claude-opus-5", temperature=0.5, top_k=40)
        assert dropped(answer) == {"temperature", "top_k"}
        assert learned(one) == {"temperature", "top_k"}
        assert len(one.sim.seen("/v1/messages")) == 3
        assert "retries=learned,learned" in await one.line(answer)


async def test_a_shape_that_is_said_in_the_older_way_holds(tmp_path: Path) -> None:
    form = {"type": "json_schema", "schema": {"type": "object", "properties": {}, "additionalProperties": False}}
    async with bench(tmp_path) as one:
        answer = await message(one, "claude-sonnet-4.6", "structured-outputs-2025-11-13", output_format=form)
        assert dropped(answer) == set()
        assert went_up(one)["output_config"] == {"format": form}
        assert len(one.sim.seen("/v1/messages")) == 1


async def test_what_a_model_lists_of_thinking_and_effort_is_never_refused(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for model in ("claude-sonnet-4", "claude-sonnet-4.5", "claude-opus-4.5", "claude-haiku-4.5"):
            answer = await message(one, model, thinking=ADAPTIVE, output_config={"effort": "high"})
            assert (dropped(answer), thoughts(answer)) == (set(), ["thinking"])
            assert went_up(one)["thinking"] == {"type": "enabled", "budget_tokens": 3999}
        assert len(one.sim.seen("/v1/messages")) == 4


async def test_a_translated_request_learns_several_lessons_in_the_clients_names(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        body = {"model": "gpt-5.3-codex", "messages": SAYS, "temperature": 0, "top_p": 0.9}
        answer = await one.send("POST", "/v1/chat/completions", json=body)
        assert dropped(answer) == {"temperature", "top_p"}
        config = await gemini(one, "gpt-5.3-codex", temperature=0, topP=0.9)
        assert dropped(config) == {"generationConfig.temperature", "generationConfig.topP"}
        assert len(one.sim.seen("/responses")) == 4


async def test_a_model_that_takes_one_value_only_teaches_it_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for temperature, named in ((0.2, {"temperature"}), (0.7, {"temperature"}), (1, set()), (1.0, set())):
            assert dropped(await one.chat(model="gpt-5.1", temperature=temperature)) == named
        assert [seen.json().get("temperature") for seen in one.chats()] == [0.2, None, None, 1, 1.0]
        assert learned(one) == {"temperature!=1"}


async def test_what_may_have_been_billed_is_not_sent_again_after_a_lesson(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(unsupported=("top_p",)))
        one.sim.inject(Fault(status=500))
        assert (await one.chat(top_p=0.5)).status == 500
        assert [("top_p" in seen.json()) for seen in one.chats()] == [True, False]


async def test_strict_names_what_would_have_to_be_changed_and_lets_pass_what_means_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[upstream]\nstrict = true\n") as one:
        assert (await message(one, "claude-sonnet-4.5", thinking=ADAPTIVE)).status == 200
        clamped = await message(one, "claude-opus-4.6", output_config={"effort": "xhigh"})
        assert (clamped.status, "output_config.effort" in clamped.body.decode()) == (400, True)
        refused = await message(one, "claude-opus-5", thinking=BUDGET)
        assert (refused.status, "thinking.type.enabled" in refused.body.decode()) == (400, True)
        assert learned(one) == set()


# --- names -------------------------------------------------------------------------------------------------------

FOREIGN = signatures.wrap(Signature("responses/openai", "sealed"))
HISTORIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "messages": (
        "/v1/messages",
        {
            "max_tokens": 50,
            "messages": [
                *SAYS,
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": FOREIGN}, TEXT]},
                *SAYS,
            ],
        },
        "signature",
    ),
    "gemini": (
        "/v1beta/models/{model}:generateContent",
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Why?"}]},
                {"role": "model", "parts": [{"text": "So.", "thoughtSignature": FOREIGN}]},
                {"role": "user", "parts": [{"text": "Why?"}]},
            ]
        },
        "thoughtSignature",
    ),
    "responses": (
        "/v1/responses",
        {
            "input": [
                {"role": "user", "content": "Why?"},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": FOREIGN},
                {"role": "assistant", "content": "So."},
                {"role": "user", "content": "Why?"},
            ]
        },
        "encrypted_content",
    ),
    "chat": (
        "/v1/chat/completions",
        {"messages": [*SAYS, {"role": "assistant", "content": "So.", "reasoning_opaque": FOREIGN}, *SAYS]},
        "messages.reasoning_opaque",
    ),
}


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "gemini-3-pro-preview"])
@pytest.mark.parametrize("dialect", HISTORIES)
async def test_reasoning_of_another_model_is_named_by_its_signature(shared: Bench, dialect: str, model: str) -> None:
    path, body, name = HISTORIES[dialect]
    answer = await shared.send("POST", path.format(model=model), json=body | {"model": model})
    assert dropped(answer) == {name}


async def test_strict_refuses_reasoning_of_another_model_by_its_signature(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[upstream]\nstrict = true\n") as one:
        for path, body, name in HISTORIES.values():
            fields = body | {"model": "claude-haiku-4.5"}
            answer = await one.send("POST", path.format(model="claude-haiku-4.5"), json=fields)
            assert answer.status == 400
            assert f"{name} cannot be carried" in answer.body.decode()


async def test_rows_of_the_old_kind_are_forgotten(tmp_path: Path) -> None:
    async with Simulator() as sim:
        state = profile_of(sim, tmp_path / "home" / ".local" / "state" / "passenger")
        state.mkdir(parents=True, mode=0o700)
        row = {
            "seat": "own",
            "model": "claude-opus-5",
            "path": "/v1/messages",
            "field": "thinking",
            "expires": time.time() + 3000,
        }
        (state / "learned.json").write_text(json.dumps({"rows": [row]}))
        (state / "learned.json").chmod(0o600)
        async with bench(tmp_path, simulator=sim) as one:
            answer = await message(one, "claude-opus-5", thinking=ADAPTIVE)
            assert (dropped(answer), thoughts(answer)) == (set(), ["thinking"])
