"""A plan as a request of a Google client; the model stands in the path."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.pairing import in_order
from fuzz.requests.plan import Answered, Assistant, Called, Draw, File, Picture, Plan, System, Turn, User, Words

JSON = dict[str, Any]

_NAMES = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "limit": "maxOutputTokens",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "stop": "stopSequences",
}
_CHOICES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "one": "ANY"}


def tell(draw: Draw, plan: Plan) -> JSON:
    """The body; most clients send calls without ids."""
    first = [turn for turn in plan.turns[:1] if isinstance(turn, System)]
    named = draw(st.booleans())
    body: JSON = {"contents": [_content(turn, named=named) for turn in plan.turns[len(first) :]]}
    if first:
        key = draw(st.sampled_from(("systemInstruction", "system_instruction")))
        body[key] = {"parts": [{"text": first[0].words.text}]}
    config: JSON = {_NAMES[name]: value for name, value in plan.tuning.items() if name in _NAMES}
    config |= dict(_config(plan.tuning))
    if config:
        body["generationConfig"] = config
    return body | _tools(plan)


def _config(tuning: JSON) -> Iterator[tuple[str, object]]:
    if "schema" in tuning:
        yield "responseMimeType", "application/json"
        if tuning["schema"]:
            yield "responseJsonSchema", tuning["schema"]
    if "effort" in tuning:
        yield "thinkingConfig", {"thinkingBudget": 0 if tuning["effort"] == "none" else 2048, "includeThoughts": True}


def _tools(plan: Plan) -> JSON:
    if not plan.tools:
        return {}
    declared = [
        {"name": tool.name, "description": tool.mark, "parametersJsonSchema": tool.schema} for tool in plan.tools
    ]
    tools: JSON = {"tools": [{"functionDeclarations": declared}]}
    if plan.choice:
        calling: JSON = {"mode": _CHOICES[plan.choice]}
        calling |= {"allowedFunctionNames": [plan.tools[0].name]} if plan.choice == "one" else {}
        tools["toolConfig"] = {"functionCallingConfig": calling}
    return tools


def _content(turn: Turn, *, named: bool) -> JSON:
    match turn:
        case System(words):
            return {"role": "system", "parts": [{"text": words.text}]}
        case User(results, parts):
            told = results if named else in_order(results)
            shown = [*(_result(result, named=named) for result in told), *(_part(part) for part in parts)]
            return {"role": "user", "parts": shown}
        case Assistant():
            return {"role": "model", "parts": list(_assistant(turn, named=named))}


def _result(result: Answered, *, named: bool) -> JSON:
    texts = [part.text for part in result.content if isinstance(part, Words)]
    response: JSON = {
        "name": result.call.name,
        "response": {"error" if result.failed else "output": texts[0]},
        "parts": [_part(part) for part in result.content if isinstance(part, Picture)],
    }
    return {"functionResponse": response | ({"id": result.call.id} if named else {})}


def _part(part: Words | Picture | File) -> JSON:
    match part:
        case Words(_, text):
            return {"text": text}
        case Picture(_, data):
            return {"inlineData": {"mimeType": "image/png", "data": data}}
        case File(_, data):
            return {"inlineData": {"mimeType": "application/pdf", "data": data}}


def _assistant(turn: Assistant, *, named: bool) -> Iterator[JSON]:
    signature = {"thoughtSignature": turn.thought.signature} if turn.thought and turn.thought.signature else {}
    if turn.thought:
        yield {"text": turn.thought.words.text, "thought": True}
    said = [*([{"text": turn.words.text}] if turn.words else []), *(_call(call, named=named) for call in turn.calls)]
    yield said[0] | signature
    yield from said[1:]


def _call(call: Called, *, named: bool) -> JSON:
    return {"functionCall": {"name": call.name, "args": call.arguments} | ({"id": call.id} if named else {})}
