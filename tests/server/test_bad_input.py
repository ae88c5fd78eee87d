"""What is refused of the requests that real clients send, and what of them is left out: both may only become less.

Each row is one request, as a client was seen to send it (2026-11), asked of models of every kind. A row whose reason is
gone may be answered; one with another reason, or that loses anything else, is a fault.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.server.bench import Answer, Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = dict[str, Any]

GPT = ("gpt-4o", "gpt-5-mini", "gpt-5.5", "gpt-5.3-codex")
CLAUDE = ("claude-opus-4.6", "claude-opus-5", "claude-sonnet-4", "claude-haiku-4.5")
GEMINI = ("gemini-3.1-pro-preview",)
MODELS = (*GPT, *CLAUDE, *GEMINI)
"""Models of each vendor, on each of Copilot's APIs, with and without thinking of either kind."""

ONE_WAY = ("claude-opus-5", "claude-sonnet-4", "claude-haiku-4.5")
"""Models that think with a budget only, or adaptively only."""

OLDER = ("claude-sonnet-4", "claude-haiku-4.5")
"""Models that know no effort."""

UNTUNED = ("gpt-5.3-codex", "claude-opus-5")
"""Models that take no temperature."""

CHATTING = ("gpt-4o", *GEMINI)
"""Models that speak Chat Completions alone."""

FOREIGN = (*CHATTING, *CLAUDE)
"""Models that do not speak Responses."""

THOUGHTLESS = ("gpt-4o",)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request; `body` is what it says beside its question.

    `refused` is the status and the reason that the models `by` may refuse it with, or must where it is `wanted`; all
    others answer. `loses` names what may be left out, and for which models. `models` are those that it is asked of.
    """

    what: str
    path: str
    body: JSON = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[int, str] = (0, "")
    by: Collection[str] = ()
    wanted: bool = False
    loses: Mapping[str, Collection[str]] = field(default_factory=dict)
    models: Sequence[str] = MODELS


CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
COUNT, GOOGLE, OLLAMA = "/v1/messages/count_tokens", "/v1beta/models/{}:generateContent", "/api/chat"
EMBED = "/v1beta/models/{}:batchEmbedContents"

HELLO = [{"role": "user", "content": "Hello"}]
QUESTION: dict[str, JSON] = {
    CHAT: {"messages": HELLO},
    RESPONSES: {"input": "Hello"},
    MESSAGES: {"messages": HELLO, "max_tokens": 4000},
    COUNT: {"messages": HELLO},
    GOOGLE: {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    OLLAMA: {"messages": HELLO, "stream": False},
}
IN_PATH = (GOOGLE, EMBED)
"""What each route is asked beside a row's own fields."""

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
SHOWN = [{"role": "user", "content": [IMAGE, {"type": "text", "text": "What is it?"}]}]
CALL = {"name": "f", "description": "It", "input_schema": SCHEMA}
ITEM = {"type": "function", "name": "f", "parameters": SCHEMA}
FREE = {
    "type": "custom",
    "name": "exec",
    "description": "It",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'},
}

FREE_IN_CHAT = {
    "type": "custom",
    "custom": {
        "name": "exec",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "x"'}},
    },
}
STRICT = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}
EAGERLY = {"eager_input_streaming": True}
CLEARING = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
SHAPE = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
DECLARED = {"name": "f", "parametersJsonSchema": SCHEMA, "responseJsonSchema": SCHEMA}
UPDATES = "thinking-display-updates-2026-08-18"
SIGNED = {
    "role": "assistant",
    "content": [{"type": "thinking", "thinking": "Hm", "signature": "AAAA"}, {"type": "text", "text": "Hi"}],
}
LOOK = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}}
CLOSELY = [{"role": "user", "content": [LOOK, {"type": "text", "text": "What is it?"}]}]
SAID = {"internal_chat_message_metadata_passthrough": {"turn_id": "t"}}
CODEX = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List"}], **SAID},
    {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}", **SAID},
    {"type": "function_call_output", "call_id": "call_1", "output": "a.txt", **SAID},
]
UNKNOWN = "no-such-model-x"


def all_of(*names: str, models: Collection[str] = MODELS) -> dict[str, Collection[str]]:
    """What may be left out, whichever of those models it is."""
    return dict.fromkeys(names, models)


ROWS: tuple[Row, ...] = (
    # --- what was refused --------------------------------------------------------------------------------------------
    *(
        Row(what="an unknown model", path=path, refused=(404, UNKNOWN), by=[UNKNOWN], wanted=True, models=[UNKNOWN])
        for path in QUESTION
    ),
    *(
        Row(
            what="no model",
            path=path,
            refused=(400, "model (must not be empty|is required)"),
            by=[""],
            wanted=True,
            models=[""],
        )
        for path in (CHAT, RESPONSES, MESSAGES, OLLAMA)
    ),
    Row(
        what="a thread",
        path=MESSAGES,
        body={"thread": {"type": "create"}},
        refused=(400, "thread_unsupported_request"),
        by=MODELS,
        wanted=True,
    ),
    Row(
        what="an answer from before",
        path=RESPONSES,
        body={"previous_response_id": "resp_1"},
        refused=(400, "Previous response with id 'resp_1' not found"),
        by=MODELS,
    ),
    Row(
        what="an item by its id",
        path=RESPONSES,
        body={"input": [{"type": "item_reference", "id": "rs_1"}, {"role": "user", "content": "Hello"}]},
        refused=(404, "Item with id 'rs_1' not found"),
        by=MODELS,
    ),
    Row(
        what="Google's search alone",
        path=GOOGLE,
        body={"tools": [{"googleSearch": {}}]},
        refused=(400, "tools.googleSearch"),
        by=MODELS,
    ),
    Row(
        what="Anthropic's search alone",
        path=MESSAGES,
        body={"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]},
        refused=(400, "tools: .*web_search"),
        by=MODELS,
    ),
    Row(
        what="a compaction that is asked for",
        path=RESPONSES,
        body={"input": [*HELLO, {"type": "compaction_trigger"}]},
        refused=(400, "compaction_trigger"),
        by=FOREIGN,
    ),
    Row(
        what="what Codex says of its items",
        path=RESPONSES,
        body={"input": CODEX},
        refused=(400, "internal_chat_message_metadata_passthrough"),
        by=("gpt-5-mini", "gpt-5.5", "gpt-5.3-codex"),
        loses=all_of("input", "internal_chat_message_metadata_passthrough"),
    ),
    Row(
        what="a count with a picture",
        path=COUNT,
        body={"messages": SHOWN},
        refused=(400, "missing required Copilot-Vision-Request header"),
        by=CLAUDE,
    ),
    Row(
        what="a budget as large as the limit",
        path=MESSAGES,
        body={"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 4000}},
        refused=(400, "`max_tokens` must be greater than `thinking.budget_tokens`"),
        by=CLAUDE,
        loses=all_of("thinking", models=(*THOUGHTLESS, *CLAUDE)),
    ),
    Row(
        what="a signature of nobody's",
        path=MESSAGES,
        body={"thinking": {"type": "adaptive"}, "messages": [*HELLO, SIGNED, *HELLO]},
        refused=(400, "Invalid `signature` in `thinking` block"),
        by=CLAUDE,
        loses=all_of("thinking", "signature"),
    ),
    Row(
        what="thoughts shown as updates",
        path=MESSAGES,
        body={"thinking": {"type": "adaptive", "display": "updates"}},
        headers={"anthropic-beta": UPDATES},
        refused=(400, "thinking.adaptive.display"),
        by=CLAUDE,
        loses={
            **all_of(f"anthropic-beta: {UPDATES}", models=CLAUDE),
            **all_of("thinking", models=(*THOUGHTLESS, *CLAUDE)),
        },
    ),
    Row(
        what="thinking and an effort at once",
        path=MESSAGES,
        body={"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        refused=(400, "does not support the effort parameter"),
        by=OLDER,
        loses={
            **all_of("output_config", models=(*THOUGHTLESS, *OLDER)),
            **all_of("thinking", models=(*THOUGHTLESS, *ONE_WAY)),
        },
    ),
    Row(
        what="topK beside thinking",
        path=GOOGLE,
        body={
            "generationConfig": {
                "temperature": 1,
                "topP": 0.95,
                "topK": 64,
                "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048},
            }
        },
        refused=(400, "`top_k` is deprecated|'top_p' is not supported"),
        by=UNTUNED,
        loses={
            **all_of("generationConfig.topK"),
            **all_of("generationConfig.thinkingConfig", models=(*THOUGHTLESS, *CLAUDE)),
            **all_of("generationConfig.topP", models=(*UNTUNED, *CLAUDE)),
            **all_of("generationConfig.temperature", models=(*UNTUNED, *CLAUDE)),
            **all_of("temperature", "top_p", "top_k", models=UNTUNED),
        },
    ),
    # --- what is left out --------------------------------------------------------------------------------------------
    Row(
        what="thinking with a budget",
        path=MESSAGES,
        body={"thinking": {"type": "enabled", "budget_tokens": 2048}},
        loses=all_of("thinking", models=(*THOUGHTLESS, *ONE_WAY)),
    ),
    Row(
        what="thinking as the model sees fit",
        path=MESSAGES,
        body={"thinking": {"type": "adaptive"}},
        loses=all_of("thinking", models=(*THOUGHTLESS, *ONE_WAY)),
    ),
    Row(
        what="an effort in Messages",
        path=MESSAGES,
        body={"output_config": {"effort": "high"}},
        loses={**all_of("output_config", models=(*THOUGHTLESS, *OLDER)), **all_of("thinking", models=THOUGHTLESS)},
    ),
    Row(
        what="an effort in Chat",
        path=CHAT,
        body={"reasoning_effort": "high"},
        loses=all_of("reasoning_effort", models=(*THOUGHTLESS, *OLDER)),
    ),
    Row(
        what="an effort in Responses",
        path=RESPONSES,
        body={"reasoning": {"effort": "high", "summary": "auto"}},
        loses={**all_of("reasoning", models=(*THOUGHTLESS, *ONE_WAY)), **all_of("thinking", models=ONE_WAY)},
    ),
    Row(
        what="the context of reasoning",
        path=RESPONSES,
        body={"reasoning": {"effort": "high", "context": "all_turns"}},
        loses={
            **all_of("reasoning.context", models=FOREIGN),
            **all_of("reasoning", models=(*THOUGHTLESS, *ONE_WAY)),
            **all_of("thinking", models=ONE_WAY),
        },
    ),
    Row(
        what="thinking in Ollama",
        path=OLLAMA,
        body={"think": True},
        loses={**all_of("think", models=(*THOUGHTLESS, *ONE_WAY)), **all_of("thinking", models=ONE_WAY)},
    ),
    Row(
        what="a search beside a function",
        path=RESPONSES,
        body={"tools": [ITEM, {"type": "web_search"}]},
        loses=all_of("tools[web_search]", models=FOREIGN),
    ),
    Row(
        what="a grammar in Responses",
        path=RESPONSES,
        body={"tools": [FREE]},
        loses={**all_of("tools[exec].format", models=FOREIGN), **all_of("tools.grammar", models=CLAUDE)},
    ),
    Row(
        what="a grammar in Chat",
        path=CHAT,
        body={"tools": [FREE_IN_CHAT]},
        loses={**all_of("tools[exec].format", models=FOREIGN), **all_of("tools.grammar", models=CLAUDE)},
    ),
    Row(
        what="a namespace's description",
        path=RESPONSES,
        body={"tools": [{"type": "namespace", "name": "multi_agent_v1", "description": "It", "tools": [ITEM]}]},
        loses=all_of("tools[multi_agent_v1].description", models=FOREIGN),
    ),
    Row(what="a strict function in Chat", path=CHAT, body={"tools": [STRICT]}),
    Row(
        what="a strict function in Responses",
        path=RESPONSES,
        body={"tools": [{**ITEM, "strict": True}]},
        loses=all_of("tools.strict", models=CLAUDE),
    ),
    Row(what="a strict tool in Messages", path=MESSAGES, body={"tools": [{**CALL, "strict": True}]}),
    Row(
        what="tools that are deferred, or streamed eagerly",
        path=MESSAGES,
        body={"tools": [CALL, {**CALL, "name": "g", "defer_loading": True}, {**CALL, "name": "h", **EAGERLY}]},
        headers={"anthropic-beta": "advanced-tool-use-2025-11-20"},
        loses={
            **all_of("tools.eager_input_streaming"),
            **all_of("tools.defer_loading", models=(*GPT, *GEMINI)),
        },
    ),
    Row(
        what="the clearing of old thoughts",
        path=MESSAGES,
        body={"context_management": CLEARING, "thinking": {"type": "adaptive"}},
        headers={"anthropic-beta": "context-management-2025-06-27"},
        loses={
            **all_of("context_management", models=(*GPT, *GEMINI)),
            **all_of("thinking", models=(*THOUGHTLESS, *ONE_WAY)),
        },
    ),
    *(
        Row(
            what=f"the beta {beta}",
            path=MESSAGES,
            headers={"anthropic-beta": beta},
            loses=all_of(f"anthropic-beta: {beta}", models=CLAUDE),
        )
        for beta in (
            "effort-2025-11-24",
            "thinking-token-count-2026-05-13",
            "mid-conversation-tool-changes-2026-07-01",
            "token-counting-2024-11-01",
            "structured-outputs-2025-12-15",
        )
    ),
    *(
        Row(what=f"the beta {beta}", path=MESSAGES, headers={"anthropic-beta": beta})
        for beta in ("claude-code-20250219", "interleaved-thinking-2025-05-14")
    ),
    Row(what="any JSON in Chat", path=CHAT, body={"response_format": {"type": "json_object"}}),
    Row(
        what="any JSON in Responses",
        path=RESPONSES,
        body={"text": {"format": {"type": "json_object"}}},
        loses=all_of("text.format", models=CLAUDE),
    ),
    Row(what="any JSON in Ollama", path=OLLAMA, body={"format": "json"}, loses=all_of("format", models=CLAUDE)),
    Row(what="a schema in Chat", path=CHAT, body={"response_format": SHAPE}),
    Row(what="a schema in Ollama", path=OLLAMA, body={"format": SCHEMA}),
    Row(
        what="what tunes in Responses",
        path=RESPONSES,
        body={
            "prompt_cache_key": "k",
            "temperature": 0.5,
            "top_p": 0.9,
            "metadata": {"a": "b"},
            "store": False,
            "truncation": "disabled",
            "text": {"verbosity": "low"},
        },
        loses={
            **all_of("metadata", "prompt_cache_key", models=FOREIGN),
            **all_of("text.verbosity", models=CLAUDE),
            **all_of("temperature", models=UNTUNED),
            **all_of("top_p", models=(*CLAUDE, "gpt-5.3-codex")),
        },
    ),
    Row(
        what="what tunes in Chat",
        path=CHAT,
        body={"temperature": 0.5, "top_p": 0.9, "seed": 7, "metadata": {"a": "b"}, "store": False, "user": "u"},
        refused=(400, "Unsupported value: '(temperature|top_p)'"),
        by=["gpt-5-mini"],
        loses={
            **all_of("metadata", "seed", models=("gpt-5.5", "gpt-5.3-codex")),
            **all_of("temperature", "top_p", models=("gpt-5-mini", *UNTUNED)),
        },
    ),
    Row(
        what="what tunes in Messages",
        path=MESSAGES,
        body={"temperature": 0.5, "metadata": {"user_id": "u"}},
        loses=all_of("temperature", models=UNTUNED),
    ),
    Row(
        what="what tunes in Gemini",
        path=GOOGLE,
        body={
            "generationConfig": {"temperature": 0.5, "topP": 0.9, "seed": 7},
            "safetySettings": [{"category": "C", "threshold": "T"}],
        },
        loses={
            **all_of("safetySettings"),
            **all_of("generationConfig.seed", models=(*GPT, *CLAUDE)),
            **all_of("generationConfig.topP", models=(*CLAUDE, *UNTUNED)),
            **all_of("generationConfig.temperature", "temperature", "top_p", models=UNTUNED),
        },
    ),
    Row(
        what="the answers' schemas of functions",
        path=GOOGLE,
        body={"tools": [{"functionDeclarations": [DECLARED]}]},
        loses=all_of("tools.functionDeclarations.responseJsonSchema"),
    ),
    Row(
        what="what tunes in Ollama",
        path=OLLAMA,
        body={"options": {"num_ctx": 4096, "temperature": 0.5, "top_k": 40, "seed": 7}},
        loses={
            **all_of("options.num_ctx", "options.top_k"),
            **all_of("options.seed", models=(*GPT, *CLAUDE)),
            **all_of("options.temperature", "temperature", "top_k", models=UNTUNED),
        },
    ),
    Row(
        what="how long a cache is kept",
        path=MESSAGES,
        body={"system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
        headers={"anthropic-beta": "extended-cache-ttl-2025-04-11"},
        loses=all_of("cache_control.ttl", models=(*GPT, *GEMINI)),
    ),
    Row(what="how closely a picture is looked at", path=CHAT, body={"messages": CLOSELY}),
    Row(
        what="what embeddings are for",
        path=EMBED,
        body={"requests": [{"content": {"parts": [{"text": "a"}]}, "taskType": "CLUSTERING"}]},
        loses=all_of("requests[].taskType", models=["text-embedding-3-small"]),
        models=["text-embedding-3-small"],
    ),
)


async def sent(one: Bench, row: Row, model: str) -> Answer:
    """A row's request to a model."""
    body = {**QUESTION.get(row.path, {}), **({} if row.path in IN_PATH else {"model": model}), **row.body}
    return await one.send("POST", row.path.format(model), json=body, headers=row.headers)


def name_of(part: str, names: Collection[str]) -> bool:
    """Whether what was left out is one of these, or something within one."""
    return any(re.match(rf"{re.escape(name)}(?![\w-])", part) for name in names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.what} at {row.path}".replace(" ", "_"))
async def test_nothing_is_refused_or_left_out_but_what_is_known(shared: Bench, row: Row) -> None:
    for model in row.models:
        answer = await sent(shared, row, model)
        status, reason = row.refused
        if model in row.by and (row.wanted or answer.status != 200):
            assert answer.status == status, (model, answer.body)
            assert re.search(reason, answer.body.decode()), (model, answer.body)
        else:
            assert answer.status == 200, (model, answer.body)
        lost = [part for part in answer.headers.get("x-passenger-dropped", "").split(", ") if part]
        allowed = [name for name, models in row.loses.items() if model in models]
        assert [part for part in lost if not name_of(part, allowed)] == [], model


NOT_THERE = [
    ("GET", "/v1/responses/resp_1/output_items"),
    ("DELETE", "/v1/responses/resp_1/output_items"),
    ("POST", "/v1/responses/resp_1/output_items"),
]


@pytest.mark.parametrize(("method", "path"), NOT_THERE)
async def test_what_is_not_there_says_so(shared: Bench, method: str, path: str) -> None:
    answer = await shared.send(method, path)
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")


async def test_a_websocket_is_refused_in_the_way_that_lets_a_client_go_on_without(shared: Bench) -> None:
    answer = await shared.get(RESPONSES, {"upgrade": "websocket", "connection": "upgrade"})
    assert (answer.status, answer.error["code"]) == (426, "websockets_not_supported")


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES, OLLAMA, COUNT])
async def test_a_program_need_not_say_that_it_sends_json(shared: Bench, path: str) -> None:
    body = json.dumps({"model": "gpt-4o", **QUESTION[path]}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    wire = await shared.dial(head.encode() + body)
    assert (await wire.rest()).startswith(b"HTTP/1.1 200 ")
