"""What the simulated model says: the same to the same question, and useful to look at; it knows no wire format.

Without directives it says in words what it was asked. `faults.py` has the directives that ask for something else.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from passenger.simulator.catalogue import Model
from passenger.simulator.faults import Directive, without_directives
from passenger.simulator.filler import fill

Body = dict[str, Any]

QUOTE = 200  # how much of the question an answer repeats, in characters
CHARACTERS_A_TOKEN = 4
IMAGE_TOKENS = 85
EVENT_WIDTH = 8
BLOCK = 4096
UNICODE = " line\u2028separator, \U0001f686 and \u4e57\u5ba2"
PIECE = re.compile(r"\s*\S{1,24}(?:\s+\S{1,8}(?!\S))?\s*")  # one long word, or a word with a short one after it


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: its name, and its arguments as the JSON text a model writes."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: text in the pieces it is streamed in, or tool calls, or both."""

    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    finish: str = "stop"

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Answer:
    """Every choice, the thinking before them, a digest that ids are made of, and token counts."""

    choices: tuple[Choice, ...]
    digest: str
    thinking: str
    prompt_tokens: int
    completion_tokens: int

    @property
    def reasoning_tokens(self) -> int:
        """The thinking's length in tokens."""
        return tokens(self.thinking)

    @property
    def opaque(self) -> str:
        """The seal of the thinking: text that only the vendor could read."""
        return base64.b64encode(f"simulated-opaque-{self.digest}".encode()).decode()


def tokens(text: str) -> int:
    """A text's length in tokens: four characters each, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def answer(body: Body, raw: bytes, model: Model, orders: Sequence[Directive], *, seed: int, unicode: bool) -> Answer:
    """Answer a valid chat request; `raw` is its bytes, which ids are made from."""
    digest = hashlib.blake2b(f"{seed}\n{model.id}\n".encode() + raw, digest_size=20).hexdigest()
    calls = _calls(body, orders, model)
    choices = tuple(_choice(body, model, orders, calls, index, unicode=unicode) for index in range(_count(body, model)))
    said = sum(tokens(choice.text) + sum(tokens(c.name + c.arguments) for c in choice.calls) for choice in choices)
    thinking = _thinking(body, model, orders)
    return Answer(choices, digest, thinking, prompt_tokens(body), said)


def prompt_tokens(body: Body) -> int:
    """A prompt's length: its texts, three tokens a message, its tools, and a fixed price an image."""
    count = 0
    for message in body["messages"]:
        text, images = text_of(message.get("content")), images_in(message.get("content"))
        calls = message.get("tool_calls")
        count += 3 + tokens(text) + IMAGE_TOKENS * images + (tokens(json.dumps(calls)) if calls else 0)
    return count + (tokens(json.dumps(body["tools"])) if body.get("tools") else 0)


def text_of(content: object) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict) and "text" in part)


def images_in(content: object) -> int:
    """How many images a message's content has."""
    if not isinstance(content, list):
        return 0
    return sum(1 for part in content if isinstance(part, dict) and part.get("type") == "image_url")


def last_user_text(body: object) -> str:
    """The text of the last message a user wrote; empty when there is none."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return text_of(message.get("content"))
    return ""


def split(text: str, width: int | None = None) -> tuple[str, ...]:
    """A text in the pieces it is streamed in: a word or two, or `width` characters each."""
    if width is None:
        return (tuple(PIECE.findall(text)) or (text,)[: len(text)]) if len(text) < BLOCK else split(text, BLOCK)
    return tuple(text[at : at + width] for at in range(0, len(text), width))


def _count(body: Body, model: Model) -> int:
    return int(body.get("n") or 1) if model.vendor == "azure" else 1


def _choice(
    body: Body, model: Model, orders: Sequence[Directive], calls: tuple[Call, ...], index: int, *, unicode: bool
) -> Choice:
    if calls:
        return (
            Choice(split("Let me look."), calls, "tool_calls")
            if model.vendor == "claude"
            else Choice((), calls, "tool_calls")
        )
    text, width = _text(body, model, orders)
    if index:
        text += f" (choice {index + 1})"
    text, finish = _limited(text + (UNICODE if unicode else ""), body)
    return Choice(split(text, width), (), finish)


def _text(body: Body, model: Model, orders: Iterable[Directive]) -> tuple[str, int | None]:
    """The text, and how wide its pieces are (None: words)."""
    for order in orders:
        if order.name == "events" and order.argument.isdecimal():
            return "".join(f"{n:<{EVENT_WIDTH}}" for n in range(1, int(order.argument) + 1)), EVENT_WIDTH
        if order.name == "size" and order.argument.isdecimal():
            size = int(order.argument)
            return ("All work and no play makes a long text. " * (size // 40 + 1))[:size], None
    if said := _tool_results(body["messages"]):
        return f"The tool said: {said}", None
    return _formatted(body) or _words(body, model), None


def _words(body: Body, model: Model) -> str:
    said = without_directives(last_user_text(body))
    quoted = said if len(said) <= QUOTE else said[:QUOTE] + "\u2026"
    counts = (
        (len(body["messages"]), "message"),
        (len(body.get("tools") or ()), "tool"),
        (sum(images_in(message.get("content")) for message in body["messages"]), "image"),
    )
    listed = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n)
    return f'Simulated {model.id} here. You said: "{quoted}" ({listed}).'


def _tool_results(messages: list[Body]) -> str:
    """The tool results that end the conversation."""
    results: list[str] = []
    for message in reversed(messages):
        if message.get("role") not in {"tool", "function"}:
            break
        results.insert(0, text_of(message.get("content")))
    return " | ".join(results)


def _formatted(body: Body) -> str | None:
    match body.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return json.dumps(fill(schema), ensure_ascii=False)
        case {"type": "json_object"}:
            return json.dumps({"simulated": True, "you_said": last_user_text(body)[:QUOTE]}, ensure_ascii=False)
        case _:
            return None


def _limited(text: str, body: Body) -> tuple[str, str]:
    """The text cut at a stop string, then at the token limit, and why it ends."""
    stops = body.get("stop") or ()
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.partition(stop)[0] if stop else text
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit and tokens(text) > limit:
        return text[: limit * CHARACTERS_A_TOKEN], "length"
    return text, "stop"


def _calls(body: Body, orders: Iterable[Directive], model: Model) -> tuple[Call, ...]:
    """The calls that were ordered, or else the one that `tool_choice` demands; none right after a tool's result."""
    offered = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or () if "function" in tool}
    choice = body.get("tool_choice")
    if not offered or choice == "none" or _tool_results(body["messages"]):
        return ()
    ordered = [_ordered(order, model) for order in orders if order.name == "call"]
    calls = [call for call in ordered if call.name in offered]
    if not calls and (named := _demanded(choice, offered)):
        calls = [Call(named, json.dumps(fill(offered[named].get("parameters", {"type": "object"}))))]
    return tuple(calls[:1] if body.get("parallel_tool_calls") is False else calls)


def _ordered(order: Directive, model: Model) -> Call:
    """Arguments are kept as they are written; without any, Claude writes nothing and the others an empty object."""
    name, _, arguments = order.argument.partition(" ")
    return Call(name, arguments.strip() or ("" if model.vendor == "claude" else "{}"))


def _demanded(choice: object, offered: dict[str, Any]) -> str | None:
    match choice:
        case "required":
            return next(iter(offered))
        case {"function": {"name": str(name)}} if name in offered:
            return name
    return None


def _thinking(body: Body, model: Model, orders: Iterable[Directive]) -> str:
    effort = body.get("reasoning_effort")
    asked = any(order.name == "think" for order in orders) or (
        model.vendor != "azure"
        and (effort not in {None, "none"} or body.get("thinking_budget") or body.get("thinking"))
    )
    if not asked:
        return ""
    said = len(without_directives(last_user_text(body)))
    return f"**Reading the question**\n\nThe user wrote {said} characters. A plain answer will do.\n\n"
