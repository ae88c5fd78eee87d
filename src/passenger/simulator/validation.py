"""What CAPI refuses of a chat request, in its order."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from passenger.simulator.catalogue import Model
from passenger.simulator.chat_question import images_in, prompt_tokens
from passenger.simulator.question import Body, word
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import (
    BAD_TOOL_ARGUMENTS,
    INVALID_BODY,
    NO_VISION,
    TOO_LARGE,
    UNSUPPORTED_MODEL,
    Refusal,
    RefusedError,
)
from passenger.simulator.surface import Asked
from passenger.simulator.tuning import unsupported

MAX_BYTES = 5 * 1024 * 1024
MAX_TOOLS = 128
MAX_CHOICES = 128
EMPTY_PREDICTIONS = ({"type": "content", "content": ""}, {"content": ""})
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
JSON_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
FIELDS: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "temperature": (int, float),
    "top_p": (int, float),
    "n": (int,),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "stop": (str, list),
    "tools": (list,),
    "tool_choice": (str, dict),
    "parallel_tool_calls": (bool,),
    "response_format": (dict,),
    "reasoning_effort": (str,),
    "thinking_budget": (int,),
    "stream_options": (dict,),
    "user": (str,),
}
"""The types of the optional fields; null passes for each."""


def read_chat(asked: Asked, path: str) -> tuple[Body, Model]:
    """The body and the model of a chat request that CAPI would take; raises RefusedError for any other."""
    request = asked.request
    if len(request.body) > MAX_BYTES:
        raise RefusedError(TOO_LARGE)
    body = _read_body(request)
    _check_images(request, body)
    model = find_model(asked, body["model"], path)
    if (field := unsupported(body, asked.fault)) is not None:
        message = f"Unsupported parameter: '{field}' is not supported with this model."
        raise RefusedError(Refusal(400, message, "unsupported_parameter", field, "invalid_request_error"))
    _check_fields(body, model)
    _check_tools(body)
    _check_length(body, model, overflow=asked.fault.overflow)
    return body, model


def find_model(asked: Asked, name: str, path: str) -> Model:
    """The model of that id, if the account may use it on that path; raises RefusedError."""
    model = asked.catalogue.find(name)
    if model is None or (model.needs_policy and name not in asked.account.enabled):
        raise RefusedError(UNSUPPORTED_MODEL)
    if path not in model.endpoints:
        raise RefusedError(other_path(name, path))
    return model


def other_path(name: str, path: str) -> Refusal:
    """The refusal of a model that is there, but not on that path."""
    message = f'model "{name}" is not accessible via the {path} endpoint'
    return Refusal(400, message, "unsupported_api_for_model")


def _read_body(request: Recorded) -> Body:
    try:
        body = request.json()
    except msgspec.DecodeError as error:
        raise RefusedError(INVALID_BODY) from error
    problem = next(_schema_problems(body), None)
    if problem is not None:
        message = f"invalid request body, failed to validate schema: (1) {problem}."
        raise RefusedError(_invalid(message))
    return body  # type: ignore[no-any-return]  # a dict: the schema was checked


def _schema_problems(body: Any) -> Iterator[str]:  # Any: the JSON edge
    if not isinstance(body, dict):
        yield _wrong(body, "object", "/type")
        return
    for key in ("model", "messages"):
        if key not in body:
            yield f"Reason: missing properties: '{key}', Location: /required"
    if not isinstance(body.get("model"), str):
        yield _wrong(body.get("model"), "string", "/properties/model/type")
    yield from _field_problems(body)
    stops = body.get("stop")
    if isinstance(stops, list) and not all(isinstance(stop, str) for stop in stops):
        yield "Reason: want string, Location: /properties/stop/oneOf/1/items/type"
    if not isinstance(body["messages"], list):
        yield _wrong(body["messages"], "array", "/properties/messages/type")
        return
    if not body["messages"]:
        yield "Reason: minimum 1 items required, but found 0 items, Location: /properties/messages/minItems"
    for message in body["messages"]:
        yield from _message_problems(message)


def _field_problems(body: Body) -> Iterator[str]:
    for key, types in FIELDS.items():
        value = body.get(key)
        if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            yield _wrong(value, JSON_TYPES[types[0]], f"/properties/{key}/type")


def _message_problems(message: Any) -> Iterator[str]:  # Any: the JSON edge
    where = "/properties/messages/items"
    if not isinstance(message, dict):
        yield _wrong(message, "object", f"{where}/type")
        return
    if word(message.get("role")) not in ROLES:
        yield f"Reason: value must be one of {sorted(ROLES)}, Location: {where}/properties/role/enum"
    content = message.get("content")
    if content is not None and not isinstance(content, str | list):
        yield _wrong(content, "string", f"{where}/properties/content/oneOf/0/type")
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        yield _wrong(calls, "array", f"{where}/properties/tool_calls/type")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            yield _wrong(part, "object", f"{where}/properties/content/oneOf/1/items/type")


def _wrong(value: object, wanted: str, location: str) -> str:
    got = "null" if value is None else JSON_TYPES.get(type(value), "unknown")
    return f"Reason: got {got}, want {wanted}, Location: {location}"


def _check_images(request: Recorded, body: Body) -> None:
    images = [part for message in body["messages"] if images_in(message.get("content")) for part in message["content"]]
    urls = [_image_url(part) for part in images if part.get("type") == "image_url"]
    if urls and request.header("copilot-vision-request") != "true":
        raise RefusedError(NO_VISION)
    if not all(url.startswith("data:image/") for url in urls):
        raise RefusedError(_invalid("external image URLs are not supported"))


def _image_url(part: Body) -> str:
    image = part.get("image_url")
    return str(image.get("url", "")) if isinstance(image, dict) else ""


def _check_fields(body: Body, model: Model) -> None:
    if body.get("max_tokens") is not None and model.id.startswith("gpt-5."):
        raise RefusedError(
            Refusal(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "unsupported_parameter",
                "max_tokens",
                "invalid_request_error",
            )
        )
    effort = body.get("reasoning_effort")
    if effort is not None and model.efforts and effort not in model.efforts:
        supported = ", ".join(f"'{value}'" for value in model.efforts)
        said = f"'{effort}' is not supported with the '{model.answers_as}' model. Supported values are: {supported}."
        raise RefusedError(_value(said, "reasoning_effort"))
    for name in ("temperature", "top_p"):
        if model.id.startswith("gpt-5") and body.get(name, 1) not in {None, 1}:
            said = f"'{name}' does not support {body[name]} with this model. Only the default (1) value is supported."
            raise RefusedError(_value(said, name))
    if body.get("prediction") in EMPTY_PREDICTIONS or not 0 < (body.get("n") or 1) <= MAX_CHOICES:
        raise RefusedError(INVALID_BODY)


def _check_tools(body: Body) -> None:
    tools = body.get("tools") or ()
    if len(tools) > MAX_TOOLS:
        raise RefusedError(_invalid(f"too many tools: {len(tools)}, at most {MAX_TOOLS} are allowed"))
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not TOOL_NAME.fullmatch(word(function.get("name"))):
            raise RefusedError(_invalid("tools: each needs a function with a name of ^[a-zA-Z0-9_-]{1,64}$"))
    for message in body["messages"]:
        for call in message.get("tool_calls") or ():
            _check_arguments(call)


def _check_arguments(call: Any) -> None:  # Any: the JSON edge
    try:
        msgspec.json.decode(call["function"]["arguments"] or "{}")
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise RefusedError(BAD_TOOL_ARGUMENTS) from error


def _check_length(body: Body, model: Model, *, overflow: bool) -> None:
    count = model.max_prompt_tokens + 1 if overflow else prompt_tokens(body)
    if count > model.max_prompt_tokens:
        message = f"prompt token count of {count} exceeds the limit of {model.max_prompt_tokens}"
        raise RefusedError(Refusal(400, message, "model_max_prompt_tokens_exceeded"))


def _value(message: str, param: str) -> Refusal:
    return Refusal(400, f"Unsupported value: {message}", "unsupported_value", param, "invalid_request_error")


def _invalid(message: str) -> Refusal:
    return Refusal(400, message, "invalid_request_body")
