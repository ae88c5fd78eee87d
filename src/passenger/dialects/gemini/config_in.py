"""`generationConfig`: what tunes an answer and what shape it has; the rest of a request that is no turn and no tool.

Facts: Google's API reference ("GenerationConfig", "ThinkingConfig").
"""

from dataclasses import dataclass
from typing import Any

from passenger.chat import Reasoning, Schema
from passenger.decoding import JSON, expect, invalid, number, optional, texts
from passenger.dialects.choices_in import read_choices
from passenger.dialects.gemini.schemas_in import json_schema
from passenger.reasoning import EFFORTS

CONFIG = "generationConfig"

_READ = frozenset(
    {"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "seed", "presencePenalty", "frequencyPenalty"}
    | {"responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"}
    | {"candidateCount", "responseModalities"}
)
_IMPOSSIBLE = ("speechConfig", "audioTranscriptionConfig", "translationConfig", "responseFormat")
"""What asks for an answer of another kind than `responseMimeType` and its schema can say."""

_THINKING = frozenset({"thinkingBudget", "thinkingLevel", "includeThoughts"})


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
    fields = {
        "limit": _limit(config),
        "temperature": _number(config, "temperature"),
        "top_p": _number(config, "topP"),
        "top_k": _whole(config, "topK"),
        "stop": texts(optional(config, "stopSequences", list, f"{CONFIG}.") or (), f"{CONFIG}.stopSequences"),
        "seed": _whole(config, "seed"),
        "presence_penalty": _number(config, "presencePenalty"),
        "frequency_penalty": _number(config, "frequencyPenalty"),
        "schema": _schema(config),
        "reasoning": _reasoning(config),
        "choices": _candidates(config),
    }
    thinking = optional(config, "thinkingConfig", dict, f"{CONFIG}.") or {}
    beside = (*_left_out(config, _READ, CONFIG), *_left_out(thinking, _THINKING, f"{CONFIG}.thinkingConfig"))
    return Config(fields, beside)


def _left_out(fields: JSON, read: frozenset[str], place: str) -> tuple[str, ...]:
    return tuple(f"{place}.{name}" for name, value in fields.items() if name not in read and _is_said(value))


def _is_said(value: object) -> bool:
    return value not in (None, False, "", [], {})


def _number(config: JSON, name: str) -> float | None:
    return number({f"{CONFIG}.{name}": config.get(name)}, f"{CONFIG}.{name}")


def _whole(fields: JSON, name: str, place: str = CONFIG) -> int | None:
    """An integer; `40.0` is one, too, as in the JSON of protocol buffers."""
    value = fields.get(name)
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return None if whole is None else expect(whole, int, f"{place}.{name}")


def _limit(config: JSON) -> int | None:
    limit = _whole(config, "maxOutputTokens")
    if limit is not None and limit < 0:
        raise invalid(f"{CONFIG}.maxOutputTokens must be positive", f"{CONFIG}.maxOutputTokens")
    return limit or None


def _candidates(config: JSON) -> int:
    """How many answers; 0 is what protocol buffers say for nothing."""
    return read_choices({"candidateCount": _whole(config, "candidateCount") or None}, "candidateCount", f"{CONFIG}.")


def _refuse_what_is_no_text(config: JSON) -> None:
    for name in _IMPOSSIBLE:
        if config.get(name):
            raise invalid(f"{CONFIG}.{name} asks for what cannot be had from this model", f"{CONFIG}.{name}")
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
    budget = _whole(thinking, "thinkingBudget", place)
    shown = optional(thinking, "includeThoughts", bool, f"{place}.") or False
    word = None if level is None or level.upper().endswith("UNSPECIFIED") else level.lower()
    if word is not None and word not in EFFORTS:
        raise invalid(f"{place}.thinkingLevel {level!r} is no level that is known", f"{place}.thinkingLevel")
    return Reasoning(word, budget, shown)
