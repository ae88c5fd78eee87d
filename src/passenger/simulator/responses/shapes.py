"""The objects of `/responses`: a response and its items."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from passenger.simulator.answers import Answer
from passenger.simulator.billing import copilot_usage, counts_of
from passenger.simulator.calls import Call
from passenger.simulator.catalogue import Model
from passenger.simulator.question import Body
from passenger.simulator.responses.ids import Ids
from passenger.simulator.responses.items import asks_to_compact, tools_of

Json = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete", "failed"]

INCOMPLETE = {"length": "max_output_tokens", "filter": "content_filter"}
"""Why an answer is not whole, by how it ends."""

SEALED = "reasoning.encrypted_content"
SOURCES = "web_search_call.action.sources"
TOOL_USAGE: Json = {
    "image_gen": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    "web_search": {"num_requests": 0},
}
SOURCE = "https://simulated.example/found"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to write, the request it echoes, and the ids it is given; `created` in Unix seconds."""

    answer: Answer
    model: Model
    asked: Body
    created: int
    ids: Ids

    @property
    def output_tokens(self) -> int:
        """What was said, thoughts included."""
        return self.answer.completion_tokens + self.answer.reasoning_tokens

    @property
    def status(self) -> Status:
        """How it ends."""
        cut = not self.compacts and self.answer.choices[0].finish in INCOMPLETE
        return "incomplete" if cut else "completed"

    @property
    def why_incomplete(self) -> str:
        """Why it is not whole."""
        return INCOMPLETE[self.answer.choices[0].finish]

    @property
    def compacts(self) -> bool:
        """Whether it is nothing but the conversation so far, sealed."""
        return asks_to_compact(self.asked)

    @property
    def seals(self) -> bool:
        """Whether the client asked for sealed thoughts."""
        return SEALED in (self.asked.get("include") or ())

    @property
    def summarizes(self) -> bool:
        """Whether the client asked for summaries of thoughts."""
        return (self.asked.get("reasoning") or {}).get("summary") is not None


def body_of(told: Told) -> Json:
    """The answer to a request without `stream`."""
    whole = response(told, told.status, output(told))
    hidden = {"background", "completed_at", "error", "frequency_penalty", "max_tool_calls", "metadata", "moderation"}
    hidden |= {"presence_penalty", "store", "top_logprobs", "user"}
    shown = {key: value for key, value in whole.items() if key not in hidden}
    del shown["reasoning"]["mode"]
    return shown | {"copilot_usage": bill(told), "output_text": None}


def response(told: Told, status: Status, items: list[Json]) -> Json:
    """The response object as it is in a stream's events, with a new id each time."""
    asked, ended = told.asked, status in {"completed", "incomplete"}
    return _constants(told) | {
        "completed_at": told.created + 1 if status == "completed" else None,
        "error": None,
        "id": told.ids.of("resp"),
        "incomplete_details": {"reason": told.why_incomplete} if status == "incomplete" else None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "metadata": asked.get("metadata") or {},
        "output": items,
        "parallel_tool_calls": asked.get("parallel_tool_calls", True),
        "reasoning": _reasoning(told),
        "status": status,
        "temperature": asked.get("temperature", 1),
        "text": {"format": {"type": "text"}, "verbosity": "medium"} | (asked.get("text") or {}),
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": [_echoed(tool) for tool in asked.get("tools") or ()],
        "top_p": asked.get("top_p", 0.98),
        "truncation": asked.get("truncation", "disabled"),
        "usage": usage(told) if ended else None,
        "user": asked.get("user"),
    }


def output(told: Told) -> list[Json]:
    """Every item of the answer, finished."""
    if told.compacts:
        return [compaction(told, index) for index in range(told.model.compactions)]
    items: list[Json] = []
    if told.answer.thinking:
        items.append(reasoning(told, 0))
    for query in told.answer.searches:
        items.append(search(told, len(items), query, "completed"))
    choice = told.answer.choices[0]
    if choice.calls:
        return [*items, *(call_item(told, len(items) + n, c, n) for n, c in enumerate(choice.calls))]
    return [*items, message(told, len(items), [part(told)], told.status)]


def reasoning(told: Told, index: int, *, finished: bool = True) -> Json:
    """A reasoning item; it has no status."""
    summary = [{"text": told.answer.thinking, "type": "summary_text"}] if finished and told.summarizes else []
    sealed = {"encrypted_content": told.ids.seal(told.answer.thinking)} if told.seals else {}
    return {"content": [], "id": told.ids.of("rs", index), "summary": summary, "type": "reasoning"} | sealed


def compaction(told: Told, index: int) -> Json:
    """The conversation so far, which only comes back to be checked."""
    sealed = told.ids.seal(f"{index} {told.answer.digest}")
    return {"encrypted_content": sealed, "id": told.ids.of("cmp", index), "type": "compaction"}


def message(told: Told, index: int, content: list[Json], status: Status) -> Json:
    """A message item."""
    shape = {"content": content, "id": told.ids.of("msg", index), "phase": "final_answer", "role": "assistant"}
    return shape | {"status": status, "type": "message"}


def part(told: Told) -> Json:
    """The finished part of a message: its text with what was found, or a refusal."""
    choice = told.answer.choices[0]
    if choice.finish == "refusal":
        return {"refusal": choice.text, "type": "refusal"}
    return {"annotations": annotations(told), "logprobs": [], "text": choice.text, "type": "output_text"}


def annotations(told: Told) -> list[Json]:
    """One citation a search, all over the first word."""
    end = len(told.answer.choices[0].text.split(" ")[0])
    span = {"end_index": end, "start_index": 0, "type": "url_citation", "url": SOURCE}
    pages = [*told.answer.searches, *(["Cited"] if told.answer.cites else [])]
    return [span | {"title": query or "Found"} for query in pages]


def call_item(told: Told, index: int, call: Call, number: int, *, finished: bool = True) -> Json:
    """A call of a function or of a tool that takes free text; its `call_id` is the same in every event."""
    custom, namespace = _tool(told, call.name)
    shape = {
        "call_id": f"call_{told.answer.digest[:20]}{number}",
        "id": told.ids.of("ctc" if custom else "fc", index),
        "input" if custom else "arguments": call.arguments if finished else "",
        "name": call.name,
        "status": _call_status(told, number) if finished else "in_progress",
        "type": "custom_tool_call" if custom else "function_call",
    }
    return shape | ({"namespace": namespace} if namespace else {})


def _call_status(told: Told, number: int) -> Status:
    """The last call of an answer that was cut is not whole."""
    last = number == len(told.answer.choices[0].calls) - 1
    return told.status if last else "completed"


def search(told: Told, index: int, query: str, status: Status) -> Json:
    """A search of the web that the model made by itself."""
    action: Json = {"queries": [query], "query": query, "type": "search"}
    if status == "completed" and SOURCES in (told.asked.get("include") or ()):
        action["sources"] = [{"type": "url", "url": SOURCE}]
    return {"action": action, "id": told.ids.of("ws", index), "status": status, "type": "web_search_call"}


def usage(told: Told) -> Json:
    """The token counts; the cached ones are among the input's."""
    asked, said = told.answer.prompt_tokens, told.output_tokens
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": told.answer.cached.read},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": told.answer.reasoning_tokens},
        "total_tokens": asked + said,
    }


def bill(told: Told) -> Json:
    """What it cost."""
    return copilot_usage(told.model, counts_of(told.answer, told.model))


def _constants(told: Told) -> Json:
    return {
        "background": False,
        "created_at": told.created,
        "frequency_penalty": 0,
        "max_tool_calls": told.asked.get("max_tool_calls"),
        "model": told.model.answers_as,
        "moderation": None,
        "object": "response",
        "presence_penalty": 0,
        "previous_response_id": None,
        "prompt_cache_retention": told.asked.get("prompt_cache_retention", "24h"),
        "safety_identifier": hashlib.sha256(told.ids.login.encode()).hexdigest(),
        "service_tier": "default",
        "store": False,
        "tool_usage": TOOL_USAGE | {"web_search": {"num_requests": len(told.answer.searches)}},
        "top_logprobs": told.asked.get("top_logprobs", 0),
    }


def _reasoning(told: Told) -> Json:
    asked = told.asked.get("reasoning") or {}
    effort = asked.get("effort") or ("medium" if told.model.efforts else None)
    return {"context": "current_turn", "effort": effort, "mode": "standard", "summary": asked.get("summary")}


def _echoed(tool: Json) -> Json:
    return {"output_schema": None, "strict": True} | tool if tool.get("type") == "function" else tool


def _tool(told: Told, name: str) -> tuple[bool, str]:
    """Whether a tool takes free text, and its namespace."""
    found = ((tool, namespace) for tool, namespace in tools_of(told.asked) if tool.get("name") == name)
    tool, namespace = next(found, ({}, ""))
    return tool.get("type") == "custom", namespace
