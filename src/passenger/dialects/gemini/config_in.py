"""`generationConfig`: what tunes an answer and what shape it has; the rest of a request that is no turn and no tool.

Facts: Google's API reference ("GenerationConfig", "ThinkingConfig").
"""

from dataclasses import dataclass
from typing import Any

from passenger.chat import Reasoning, Schema
from passenger.decoding import JSON, invalid, number, optional, texts
from passenger.dialects.gemini.schemas_in import json_schema
from passenger.reasoning import EFFORTS

CONFIG = "generationConfig"

_READ = frozenset(
    {"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "seed", "presencePenalty", "frequencyPenalty"}
    | {"responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"}
    | {"candidateCount", "responseModalities"}
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings under the hub's names, ready for a `Prompt`, and the names of those that it cannot hold."""

    fields: dict[str, Any]
    dropped: tuple[str, ...]


def read_config(body: JSON) -> Config:
    """The settings of a request.

    Raises:
        Failure: one is of the wrong type, or asks for what no translation can give.
    """
    config = optional(body, CONFIG, dict) or {}
    _refuse_what_is_no_text(config)
    top_k = _number(config, "topK")
    fields = {
        "limit": _limit(config),
        "temperature": _number(config, "temperature"),
        "top_p": _number(config, "topP"),
        "top_k": None if top_k is None else int(top_k),
        "stop": texts(optional(config, "stopSequences", list, f"{CONFIG}.") or (), f"{CONFIG}.stopSequences"),
        "seed": optional(config, "seed", int, f"{CONFIG}."),
        "presence_penalty": _number(config, "presencePenalty"),
        "frequency_penalty": _number(config, "frequencyPenalty"),
        "schema": _schema(config),
        "reasoning": _reasoning(config),
    }
    dropped = (f"{CONFIG}.{name}" for name, value in config.items() if name not in _READ and _is_said(value))
    return Config(fields, tuple(dropped))


def _is_said(value: object) -> bool:
    return value not in (None, False, "", [], {})


def _number(config: JSON, name: str) -> float | None:
    return number({f"{CONFIG}.{name}": config.get(name)}, f"{CONFIG}.{name}")


def _limit(config: JSON) -> int | None:
    limit = optional(config, "maxOutputTokens", int, f"{CONFIG}.")
    if limit is not None and limit < 0:
        raise invalid(f"{CONFIG}.maxOutputTokens must be positive", f"{CONFIG}.maxOutputTokens")
    return limit or None


def _refuse_what_is_no_text(config: JSON) -> None:
    candidates = optional(config, "candidateCount", int, f"{CONFIG}.")
    if candidates not in {None, 0, 1}:
        raise invalid("only one candidate can be had from this model", f"{CONFIG}.candidateCount")
    modalities = texts(optional(config, "responseModalities", list, f"{CONFIG}.") or (), f"{CONFIG}.responseModalities")
    if any(kind.upper() not in {"TEXT", "MODALITY_UNSPECIFIED"} for kind in modalities):
        raise invalid("Copilot's models answer with text only", f"{CONFIG}.responseModalities")


def _schema(config: JSON) -> Schema | None:
    kind = optional(config, "responseMimeType", str, f"{CONFIG}.") or "text/plain"
    name = "responseJsonSchema" if config.get("responseJsonSchema") else "responseSchema"
    schema = optional(config, name, dict, f"{CONFIG}.")
    if kind == "application/json" or (schema and kind == "text/plain"):
        return Schema(json_schema(schema) if schema else None)
    if kind != "text/plain":
        raise invalid(f"an answer of type {kind!r} cannot be had from this model", f"{CONFIG}.responseMimeType")
    return None


def _reasoning(config: JSON) -> Reasoning | None:
    place = f"{CONFIG}.thinkingConfig"
    thinking = optional(config, "thinkingConfig", dict, f"{CONFIG}.")
    if not thinking:
        return None
    level = optional(thinking, "thinkingLevel", str, f"{place}.")
    budget = optional(thinking, "thinkingBudget", int, f"{place}.")
    shown = optional(thinking, "includeThoughts", bool, f"{place}.") or False
    word = None if level is None or level.upper().endswith("UNSPECIFIED") else level.lower()
    if word is not None and word not in EFFORTS:
        raise invalid(f"{place}.thinkingLevel {level!r} is no level that is known", f"{place}.thinkingLevel")
    return Reasoning(word, budget, shown)
