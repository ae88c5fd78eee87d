"""What is refused of a `/v1/messages` request, by CAPI or by the vendor."""

from typing import Any

import msgspec

from passenger.simulator.catalogue import Model
from passenger.simulator.messages.errors import TOO_LARGE, VendorRefusal, extra, refuse
from passenger.simulator.messages.history import check_history
from passenger.simulator.messages.question import images_in, prompt_tokens
from passenger.simulator.messages.schema import COUNT_FIELDS, FIELDS, MID_SYSTEM_BETA, check_schema
from passenger.simulator.messages.thinking import check_thinking
from passenger.simulator.messages.tools import check_server_tools, check_tools
from passenger.simulator.question import Body
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import INVALID_BODY, NO_VISION, Refusal, RefusedError
from passenger.simulator.surface import Asked
from passenger.simulator.tuning import unsupported
from passenger.simulator.validation import MAX_BYTES, find_model

DENIED_BETAS = {"tool-search-tool-2025-10-19", "output-128k-2025-02-19"}
SAMPLING = {"temperature", "top_p", "top_k"}
NO_URL = Refusal(400, "external image URLs are not supported", "invalid_request_body")


def read_message(asked: Asked, path: str) -> tuple[Body, Model]:
    """The body and the model of a message that would be answered; raises RefusedError for any other."""
    return _read(asked, path, FIELDS, ("max_tokens", "messages"))


def read_count(asked: Asked, path: str) -> tuple[Body, Model]:
    """The same for a prompt to be counted: no limit, no stream, no sampling."""
    return _read(asked, path, COUNT_FIELDS, ("messages",))


def betas(request: Recorded) -> list[str]:
    """The betas that a request names."""
    return [beta.strip() for beta in (request.header("anthropic-beta") or "").split(",") if beta.strip()]


def _read(asked: Asked, path: str, fields: dict[str, Any], required: tuple[str, ...]) -> tuple[Body, Model]:
    if len(asked.request.body) > MAX_BYTES:
        raise RefusedError(TOO_LARGE)
    body = _read_body(asked.request)
    named = betas(asked.request)
    model = find_model(asked, body["model"], path)
    _check_betas(named, asked)
    check_server_tools(body)
    check_schema(body, fields, required, speaks_system=MID_SYSTEM_BETA in named)
    _check_images(asked.request, body)
    _check_tuning(body, asked, model)
    check_tools(body)
    check_thinking(body, model)
    check_history(body)
    _check_length(body, model, overflow=asked.fault.overflow)
    return body, model


def _read_body(request: Recorded) -> Body:
    """An object with a model: what CAPI must know to find the vendor."""
    try:
        body = request.json()
    except msgspec.DecodeError as error:
        raise RefusedError(INVALID_BODY) from error
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise RefusedError(INVALID_BODY)
    return body


def _check_betas(named: list[str], asked: Asked) -> None:
    denied = [beta for beta in named if beta in DENIED_BETAS or beta in asked.fault.unsupported]
    if denied:
        message = f"unsupported beta header(s): {', '.join(denied)}"
        raise RefusedError(Refusal(400, message, "invalid_request_body"))


def _check_images(request: Recorded, body: Body) -> None:
    images = images_in(body)
    if images and request.header("copilot-vision-request") != "true":
        raise RefusedError(NO_VISION)
    if any(image["source"].get("type") == "url" for image in images):
        raise RefusedError(NO_URL)


def _check_tuning(body: Body, asked: Asked, model: Model) -> None:
    field = unsupported(body, asked.fault, model)
    if field in SAMPLING:
        refuse(f"`{field}` is deprecated for this model.")
    if field is not None:
        extra(field)


def _check_length(body: Body, model: Model, *, overflow: bool) -> None:
    limit = model.max_prompt_tokens
    count = limit + 1 if overflow else prompt_tokens(body)
    if count > limit:
        message = f"prompt is too long: {count} tokens > {limit} maximum"
        raise RefusedError(VendorRefusal(message, code="model_max_prompt_tokens_exceeded"))
