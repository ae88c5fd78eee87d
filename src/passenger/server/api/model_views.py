"""The models in the formats of Anthropic, Google and Ollama; pure functions of the catalogue.

Facts: the API references of Anthropic ("List models"), Google ("models.list") and Ollama ("List local models", "Show
model information"), and what their clients miss when it is missing (`docs/endpoints.md`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from passenger.copilot.catalog import Catalog, Model, whole_number, with_dashes

JSON = dict[str, Any]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_chat(model: Model) -> bool:
    """Whether it is a chat model."""
    return model.kind == "chat"


def is_of_use(model: Model) -> bool:
    """Whether it chats or embeds; no route serves models that only complete code."""
    return model.kind in _METHODS


# --- Anthropic -------------------------------------------------------------------------------------------------------


def anthropic(model: Model) -> JSON:
    """Anthropic's `ModelInfo`."""
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": _moment(model.created),
        "lifecycle": "active",
        "max_input_tokens": whole_number(model.limits.get("max_prompt_tokens")),
        "max_tokens": model.capabilities.max_output,
    }


def anthropic_page(models: Sequence[Model], *, more: bool) -> JSON:
    """A page of a list. Without `has_more` the Python SDK would never stop asking."""
    ids = [model.id for model in models]
    return {
        "data": [anthropic(model) for model in models],
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


# --- Google ----------------------------------------------------------------------------------------------------------

_METHODS = {
    "chat": ["generateContent", "streamGenerateContent", "countTokens"],
    "embeddings": ["embedContent", "batchEmbedContents"],
}


def gemini(model: Model) -> JSON:
    """Google's `Model`."""
    return {
        "name": f"models/{model.id}",
        "baseModelId": alias_of(model) or model.id,
        "version": model.version,
        "displayName": model.name,
        "description": f"{model.name} by {model.vendor}" if model.vendor else model.name,
        "inputTokenLimit": whole_number(model.limits.get("max_prompt_tokens")) or 0,
        "outputTokenLimit": model.capabilities.max_output or 0,
        "supportedGenerationMethods": _METHODS.get(model.kind, []),
        "thinking": model.thinks,
    }


def gemini_page(models: Sequence[Model], token: str | None) -> JSON:
    """A page of a list, with the token of the next page."""
    page: JSON = {"models": [gemini(model) for model in models]}
    return {**page, "nextPageToken": token} if token else page


# --- Ollama ----------------------------------------------------------------------------------------------------------


def _details(model: Model) -> JSON:
    return {
        "parent_model": alias_of(model) or "",
        "format": "",
        "family": model.family,
        "families": [model.family],
        "parameter_size": "",
        "quantization_level": "",
    }


def ollama(model: Model) -> JSON:
    """Ollama's entry of `/api/tags`. There is no file, so its size is 0 and its digest that of its name."""
    return {
        "name": model.id,
        "model": model.id,
        "modified_at": _moment(model.created),
        "size": 0,
        "digest": hashlib.sha256(f"{model.id} {model.version}".encode()).hexdigest(),
        "details": _details(model),
    }


def ollama_running(model: Model, until: float) -> JSON:
    """Ollama's entry of `/api/ps`; `until` (Unix seconds) is when it leaves the list. No model is really loaded."""
    entry = ollama(model)
    del entry["modified_at"]
    return entry | {"expires_at": _moment(until), "size_vram": 0, "context_length": _window(model) or 0}


def _window(model: Model) -> int | None:
    return whole_number(model.limits.get("max_context_window_tokens")) or whole_number(
        model.limits.get("max_prompt_tokens")
    )


def ollama_card(model: Model) -> JSON:
    """Ollama's answer of `/api/show`; clients use the context length and the capabilities."""
    family = model.family
    window = _window(model)
    return {
        "license": "",
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": _details(model),
        "model_info": {
            "general.architecture": family,
            "general.basename": model.id,
            **({f"{family}.context_length": window} if window else {}),
        },
        "capabilities": _capabilities(model),
        "modified_at": _moment(model.created),
    }


def _capabilities(model: Model) -> list[str]:
    if model.kind == "embeddings":
        return ["embedding"]
    has = {
        "completion": True,
        "tools": bool(model.supports.get("tool_calls")),
        "vision": bool(model.supports.get("vision")),
        "thinking": model.thinks,
    }
    return [name for name, there in has.items() if there]


ALIAS_OF = "alias_of"
"""The field with the model that an alias stands for, in lists that may have extra fields."""


def list_entries(catalog: Catalog, *, dashed: bool = False) -> list[Model]:
    """The models in Copilot's order, then the user's aliases; `dashed` adds the dashed names of Claude's models."""
    own = [named for model in catalog.models.values() for named in _with_names(catalog, model, dashed=dashed)]
    known = {model.id for model in own}
    more = (_alias(catalog, name) for name in catalog.aliases if name not in known)
    return [*own, *filter(None, more)]


def _with_names(catalog: Catalog, model: Model, *, dashed: bool) -> Iterator[Model]:
    """A model by each of its names; an alias of the same name replaces it, as requests do."""
    by_name = _alias(catalog, model.id) if model.id in catalog.aliases else model
    if by_name is not None:
        yield by_name
    name = with_dashes(model.id)
    if dashed and model.id.startswith("claude") and name != model.id and catalog.find(name) is model:
        yield replace(model, id=name)


def _alias(catalog: Catalog, name: str) -> Model | None:
    """The model of an alias, under that name and marked; None if there is none."""
    model = catalog.find(name)
    if model is None or model.id == name:
        return model
    raw = {**model.raw, "name": f"{name} (alias of {model.id})", ALIAS_OF: model.id}
    return replace(model, id=name, raw=raw)


def alias_of(model: Model) -> str | None:
    """The model that a list entry is an alias of, None if it is no alias."""
    meant = model.raw.get(ALIAS_OF)
    return meant if isinstance(meant, str) else None
