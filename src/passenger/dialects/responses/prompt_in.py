"""A client's whole request as a neutral prompt; it hides what of it changes nothing and what must be named."""

from collections.abc import Iterator

from msgspec.structs import replace

from passenger.chat import JSON, Prompt, Reasoning, Schema, ToolChoice
from passenger.decoding import decode, invalid
from passenger.dialects import Request
from passenger.dialects.responses.items_in import History
from passenger.dialects.responses.node import Node
from passenger.dialects.responses.tools_in import Offer, read_choice
from passenger.reasoning import EFFORTS

READ = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "reasoning",
        "text",
        "temperature",
        "top_p",
        "stream",
        "user",
        "safety_identifier",
        "prompt_cache_key",
    }
)
"""The fields that the hub holds."""

HARMLESS = frozenset(
    {"stream_options", "client_metadata", "background", "conversation", "prompt", "previous_response_id"}
)
"""Fields that change no answer, or that `peek` has refused where they do."""

DEFAULTS: JSON = {
    "store": (False,),
    "metadata": ({},),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
    "top_logprobs": (0,),
    "include": ([], ["reasoning.encrypted_content"]),
}
"""The values of some fields that say nothing."""


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: a field is of the wrong shape, or holds what no translation can carry; `param` names it.
    """
    body = Node(decode(request.body))
    offer = Offer()
    offer.add(body.nodes("tools"))
    history = History(offer)
    if (instructions := body.text("instructions")) is not None:
        history.instruct(instructions)
    history.read(body)
    if history.compacts:
        return _compacting(body, history, offer)
    offer.check()
    return _asking(body, history, offer)


def _compacting(body: Node, history: History, offer: Offer) -> Prompt:
    """The prompt for a summary: text in no other shape, by a model that calls no tool."""
    asked = _asking(body, history, offer)
    choice = ToolChoice("none") if offer.tools else None
    return replace(asked, compacts=True, tool_choice=choice, schema=None)


def _asking(body: Node, history: History, offer: Offer) -> Prompt:
    return Prompt(
        model=body.word("model"),
        messages=history.messages,
        stream=body.flag("stream") or False,
        tools=tuple(offer.tools),
        tool_choice=read_choice(body, offer),
        parallel=body.flag("parallel_tool_calls"),
        limit=_limit(body),
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        schema=_schema(body.node("text")),
        reasoning=_reasoning(body.node("reasoning")),
        verbosity=text.text("verbosity") if (text := body.node("text")) else None,
        user=body.text("user") or body.text("safety_identifier"),
        cache_key=body.text("prompt_cache_key"),
        dropped=tuple(dict.fromkeys((*_left_out(body), *offer.dropped, *history.dropped))),
    )


def _limit(body: Node) -> int | None:
    limit = body.whole("max_output_tokens")
    if limit is not None and limit < 1:
        raise invalid("max_output_tokens must be at least 1", "max_output_tokens")
    return limit


def _schema(text: Node | None) -> Schema | None:
    form = text.node("format") if text else None
    match form.type if form else "text":
        case "json_schema" if form:
            return _json_schema(form)
        case "json_object":
            return Schema(None)
        case "text":
            return None
        case kind:
            raise invalid(f"text.format.type {kind!r} is not known", "text.format.type")


def _json_schema(form: Node) -> Schema:
    schema = form.node("schema")
    if schema is None:
        raise invalid("text.format.schema is missing", "text.format.schema")
    return Schema(schema.fields, form.text("name") or "answer", form.flag("strict"), form.text("description"))


def _reasoning(node: Node | None) -> Reasoning | None:
    if node is None:
        return None
    effort = node.text("effort")
    if effort is not None and effort not in EFFORTS:
        raise invalid(f"reasoning.effort must be one of {', '.join(EFFORTS)}", "reasoning.effort")
    shown = node.text("summary") or node.text("generate_summary")
    return Reasoning(effort=effort, show=True if shown else None)


def _left_out(body: Node) -> Iterator[str]:
    """The names of the fields that the hub does not hold and that say something."""
    for name, value in body.fields.items():
        if name not in READ and name not in HARMLESS and value is not None and value not in DEFAULTS.get(name, ()):
            yield name
    yield from _others(body.node("reasoning"), {"effort", "summary", "generate_summary"})
    yield from _others(body.node("text"), {"format", "verbosity"})


def _others(node: Node | None, known: set[str]) -> Iterator[str]:
    if node is not None:
        yield from (node.at(name) for name, value in node.fields.items() if name not in known and value is not None)
