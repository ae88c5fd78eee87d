"""What is refused of a `/responses` request, in its order."""

from typing import Any

import msgspec

from passenger.simulator.catalogue import Model
from passenger.simulator.question import Body, word
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import INVALID_BODY, NO_VISION, TOO_LARGE, RefusedError
from passenger.simulator.responses.errors import (
    NAMES,
    listed,
    missing,
    not_supported,
    refuse,
    unknown,
    wrong_type,
    wrong_value,
)
from passenger.simulator.responses.history import check_input
from passenger.simulator.responses.items import images_in, items_of
from passenger.simulator.responses.question import prompt_tokens
from passenger.simulator.responses.tools import check_search, check_tools
from passenger.simulator.surface import Asked
from passenger.simulator.tuning import unsupported
from passenger.simulator.validation import MAX_BYTES, find_model

LEAST_OUTPUT = 16
OVERFLOW = "Your input exceeds the context window of this model. Please adjust your input and try again."

FIELDS: dict[str, tuple[type, ...]] = {
    "client_metadata": (dict,),
    "context_management": (list,),
    "include": (list,),
    "input": (str, list),
    "instructions": (str,),
    "max_output_tokens": (int,),
    "max_tool_calls": (int,),
    "metadata": (dict,),
    "model": (str,),
    "parallel_tool_calls": (bool,),
    "prompt_cache_key": (str,),
    "prompt_cache_retention": (str,),
    "reasoning": (dict,),
    "safety_identifier": (str,),
    "store": (bool,),
    "stream": (bool,),
    "stream_options": (dict,),
    "temperature": (int, float),
    "text": (dict,),
    "tool_choice": (str, dict),
    "tools": (list,),
    "top_logprobs": (int,),
    "top_p": (int, float),
    "truncation": (str,),
    "user": (str,),
}
"""The fields that are let through and their types; null passes for each."""

REFUSED = ("background", "conversation", "prompt", "service_tier")
REASONING_FIELDS = {"context", "effort", "generate_summary", "mode", "summary"}
TEXT_FIELDS = {"format", "verbosity"}
SUMMARIES = ("concise", "detailed", "auto")
VERBOSITIES = ("low", "medium", "high")
INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


def read_response(asked: Asked, path: str) -> tuple[Body, Model]:
    """The body and the model of a request that CAPI would take; raises RefusedError for any other."""
    if len(asked.request.body) > MAX_BYTES:
        raise RefusedError(TOO_LARGE)
    body = _read_body(asked.request)
    model = find_model(asked, body["model"], path)
    _check_refused(body)
    _check_fields(body)
    if (field := unsupported(body, asked.fault, model)) is not None:
        refuse(f"Unsupported parameter: '{field}' is not supported with this model.")
    _check_reasoning(body.get("reasoning") or {}, model)
    _check_text(body.get("text") or {})
    check_tools(body)
    check_search(body, allowed=asked.account.may_search, known=model.id not in asked.account.searchless)
    check_input(body, asked.account.login)
    _check_images(asked.request, body)
    if asked.fault.overflow or prompt_tokens(body) > model.max_prompt_tokens:
        refuse(OVERFLOW)
    return body, model


def _read_body(request: Recorded) -> Body:
    try:
        body = request.json()
    except msgspec.DecodeError as error:
        raise RefusedError(INVALID_BODY) from error
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise RefusedError(INVALID_BODY)
    return body


def _check_refused(body: Body) -> None:
    """What OpenAI knows and CAPI does not let through; nothing is kept here from one request to the next."""
    for name in REFUSED:
        if body.get(name):
            not_supported(name)
    if body.get("store"):
        not_supported("store")
    if (previous := body.get("previous_response_id")) is not None:
        refuse(f"Previous response with id '{previous}' not found.", "previous_response_not_found")


def _check_fields(body: Body) -> None:
    for name, value in body.items():
        if name in REFUSED or name == "previous_response_id":
            continue  # null, or false
        if name not in FIELDS:
            unknown(name)
        types = FIELDS[name]
        if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            wrong_type(name, NAMES[types[0]], value)
    if body.get("input") is None:
        missing("input")
    limit = body.get("max_output_tokens")
    if limit is not None and limit < LEAST_OUTPUT:
        refuse(
            "Invalid 'max_output_tokens': integer below minimum value. "
            f"Expected a value >= {LEAST_OUTPUT}, but got {limit} instead."
        )
    for value in body.get("include") or ():
        if value not in INCLUDABLE:
            wrong_value(value, INCLUDABLE)
    if body.get("truncation", "auto") not in {None, "auto", "disabled"}:
        wrong_value(body["truncation"], ("auto", "disabled"))


def _check_reasoning(reasoning: Body, model: Model) -> None:
    for name in reasoning:
        if name not in REASONING_FIELDS:
            unknown(f"reasoning.{name}")
    effort = reasoning.get("effort")
    known = model.efforts or ("low", "medium", "high")
    if effort is not None and effort not in known:
        refuse(
            f"Unsupported value: '{effort}' is not supported with the '{model.answers_as}' model. "
            f"Supported values are: {listed(known)}.",
            "unsupported_value",
            "reasoning.effort",
        )
    if reasoning.get("summary") not in (None, *SUMMARIES):
        wrong_value(word(reasoning["summary"]), SUMMARIES)


def _check_text(text: Body) -> None:
    for name in text:
        if name not in TEXT_FIELDS:
            unknown(f"text.{name}")
    if text.get("verbosity") not in (None, *VERBOSITIES):
        wrong_value(word(text["verbosity"]), VERBOSITIES)
    _check_format(text.get("format"))


def _check_format(form: Any) -> None:  # Any: the JSON edge
    match form:
        case None | {"type": "text" | "json_object"}:
            return
        case {"type": "json_schema"}:
            for name in ("name", "schema"):
                if not form.get(name):
                    missing(f"text.format.{name}")
        case {"type": kind}:
            wrong_value(kind, ("json_object", "json_schema", "text"))
        case _:
            missing("text.format.type")


def _check_images(request: Recorded, body: Body) -> None:
    images = images_in(items_of(body))
    if images and request.header("copilot-vision-request") != "true":
        raise RefusedError(NO_VISION)
    if not all(str(image.get("image_url", "")).startswith("data:image/") for image in images):
        refuse("external image URLs are not supported")
