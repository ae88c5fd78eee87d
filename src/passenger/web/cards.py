"""The models as each family of clients wants to see them; pure functions of the catalogue.

Facts: the API references of Anthropic ("List models"), Google ("models.list") and Ollama ("List local models", "Show
model information"), and what their clients miss when it is missing (`docs/endpoints.md`).
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from passenger.copilot.models import Model, number
from passenger.web.listed import alias_of

JSON = dict[str, Any]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_chat(model: Model) -> bool:
    """Whether it chats, and is not only there to embed or complete."""
    return model.kind == "chat"


def is_of_use(model: Model) -> bool:
    """Whether it chats or embeds; what only completes code as it is typed can be asked by none of our routes."""
    return model.kind in _METHODS


def _thinks(model: Model) -> bool:
    supports = model.supports
    return bool(supports.get("thinking") or model.able.efforts or model.able.adaptive or model.able.max_budget)


# --- Anthropic ---------------------------------------------------------------------------------------------------


def anthropic(model: Model) -> JSON:
    """Anthropic's `ModelInfo`."""
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": _moment(model.created),
        "lifecycle": "active",
        "max_input_tokens": number(model.limits.get("max_prompt_tokens")),
        "max_tokens": model.able.max_output,
    }


def anthropic_page(models: Sequence[Model], *, more: bool) -> JSON:
    """A page of a list. Without `has_more` the Python SDK would ask for ever."""
    ids = [model.id for model in models]
    return {
        "data": [anthropic(model) for model in models],
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


# --- Google ------------------------------------------------------------------------------------------------------

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
        "inputTokenLimit": number(model.limits.get("max_prompt_tokens")) or 0,
        "outputTokenLimit": model.able.max_output or 0,
        "supportedGenerationMethods": _METHODS.get(model.kind, []),
        "thinking": _thinks(model),
    }


def gemini_page(models: Sequence[Model], token: str | None) -> JSON:
    """A page of a list, and where the next one begins."""
    page: JSON = {"models": [gemini(model) for model in models]}
    return {**page, "nextPageToken": token} if token else page


# --- Ollama ------------------------------------------------------------------------------------------------------


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
    """Ollama's entry of `/api/ps`: a model that is in nobody's memory, and until when (Unix seconds) it is listed."""
    entry = ollama(model)
    del entry["modified_at"]
    return entry | {"expires_at": _moment(until), "size_vram": 0, "context_length": _window(model) or 0}


def _window(model: Model) -> int | None:
    return number(model.limits.get("max_context_window_tokens")) or number(model.limits.get("max_prompt_tokens"))


def ollama_card(model: Model) -> JSON:
    """Ollama's answer of `/api/show`, with what clients decide by: the context length and the capabilities."""
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
        "thinking": _thinks(model),
    }
    return [name for name, there in has.items() if there]
