"""The models of an account: reading a catalogue, and finding the one model that a client means by a name.

A name is resolved kindly but only ever to the very same model: case, a dashed Claude version, Anthropic's date or
`-latest`, or the vendor's dated version of it. Nothing is swapped for a dearer, cheaper or older one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from passenger.chat import Abilities
from passenger.decoding import loads
from passenger.dialects.caching import least_cached
from passenger.errors import Failure, Kind
from passenger.limits import Limits

JSON = dict[str, Any]

CHAT = ("/chat/completions",)
"""What a model speaks that does not say: chat completions, as all did before the field existed."""


LONGEST = Limits().max_name
"""Characters of a name that are looked at where it is of no model."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model as the account offers it; `raw` is Copilot's own entry."""

    id: str
    vendor: str
    version: str
    endpoints: tuple[str, ...]
    raw: JSON
    able: Abilities = field(default_factory=Abilities)
    kind: str = "chat"
    """`chat`, `embeddings` or `completion`."""
    max_inputs: int | None = None
    """Texts in one request for embeddings."""

    def as_openai(self) -> JSON:
        """The entry in OpenAI's shape, with Copilot's own fields kept beside."""
        return {**self.raw, "id": self.id, "object": "model", "created": self.created, "owned_by": self.owner}

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.raw.get("name") or self.id)

    @property
    def limits(self) -> JSON:
        """`max_context_window_tokens`, `max_prompt_tokens`, `max_output_tokens`; any of them may be missing."""
        return _table(_table(self.raw, "capabilities"), "limits")

    @property
    def supports(self) -> JSON:
        """`tool_calls`, `vision` and more; what it does not do is missing."""
        return _table(_table(self.raw, "capabilities"), "supports")

    @property
    def family(self) -> str:
        """What it is a version of."""
        return str(_table(self.raw, "capabilities").get("family") or self.id)

    @property
    def owner(self) -> str:
        """The vendor as OpenAI would spell it."""
        return re.sub(r"[^a-z0-9]+", "-", self.vendor.lower()).strip("-") or "github-copilot"

    @property
    def created(self) -> int:
        """Unix seconds of the date in its version; 0 where it has none."""
        date = re.search(r"(20\d\d)-(\d\d)-(\d\d)", self.version)
        try:
            return int(datetime(*map(int, date.groups()), tzinfo=UTC).timestamp()) if date else 0  # type: ignore[arg-type, misc]  # three ints by the pattern
        except ValueError:
            return 0


class Catalog:
    """The models of one account, each once, in Copilot's own order."""

    def __init__(self, models: Iterable[Model], aliases: Mapping[str, str] | None = None) -> None:
        self.models: dict[str, Model] = {}
        for model in models:
            self.models.setdefault(model.id, model)
        self.aliases = dict(aliases or {})
        self._kind = _unambiguous((_kind_key(model.id), model) for model in self.models.values())
        self._versions = _unambiguous((model.version.casefold(), model) for model in self.models.values())

    def find(self, name: str) -> Model | None:
        """The model that is meant by a name, None where there is none or more than one might be."""
        name = self.aliases.get(name, name)
        return self.models.get(name) or self._kind.get(_kind_key(name)) or self._versions.get(name.casefold())

    def unknown(self, name: str) -> Failure:
        """The failure for a name that no model has, with the nearest ones."""
        import difflib  # noqa: PLC0415 - seldom needed, and 200 KB

        name = name[:LONGEST]
        near = difflib.get_close_matches(_kind_key(name), self._kind, n=3, cutoff=0.5)
        hint = f" Nearest: {', '.join(self._kind[key].id for key in near)}." if near else ""
        message = f"The model {name!r} does not exist or this account has no access to it.{hint}"
        return Failure(Kind.NOT_FOUND, message, code="model_not_found", param="model", type="invalid_request_error")


_CLAUDE_DATE = re.compile(r"-20\d{6}$")
_VERSION_DASH = re.compile(r"(?<=\d)-(?=\d{1,2}(?:$|-))")
_VERSION_DOT = re.compile(r"(?<=\d)\.(?=\d)")


def with_dashes(name: str) -> str:
    """A name with Anthropic's dashes for the dots in its version: `claude-opus-4-6`. `Catalog.find` knows both."""
    return _VERSION_DOT.sub("-", name)


def _kind_key(name: str) -> str:
    """A name without what does not tell models apart. Only Anthropic's own spellings are known well enough."""
    name = name.strip().casefold()
    if not name.startswith("claude"):
        return name
    name = _CLAUDE_DATE.sub("", name.removesuffix("-latest"))
    return _VERSION_DASH.sub(".", name).removesuffix(".0")


def _unambiguous(pairs: Iterable[tuple[str, Model]]) -> dict[str, Model]:
    found: dict[str, list[Model]] = {}
    for key, model in pairs:
        if key:
            found.setdefault(key, []).append(model)
    return {key: models[0] for key, models in found.items() if len(models) == 1}


# --- reading -----------------------------------------------------------------------------------------------------


def read_models(body: bytes) -> list[Model]:
    """The models in a catalogue: Copilot's or OpenAI's list, GitHub Models' bare list, or the file of models.dev.

    Raises:
        Failure: it is none of these.
    """
    try:
        entries = _entries(loads(body))
    except (ValueError, RecursionError) as error:
        raise Failure(Kind.UPSTREAM, f"the list of models is not JSON: {error}", code="bad_catalogue") from error
    if entries is None:
        raise Failure(Kind.UPSTREAM, "the list of models has none of the shapes we know", code="bad_catalogue")
    return models_in(entries)


def models_in(entries: Iterable[object]) -> list[Model]:
    """The models that are described there; what has no id is none."""
    return [_model(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


def _entries(document: object) -> list[Any] | None:
    match document:
        case {"data": [*entries]}:
            return entries
        case [*entries]:
            return entries
        case {"github-copilot": {"models": dict(models)}}:
            return list(models.values())
        case _:
            return None


def _model(entry: JSON) -> Model:
    endpoints = entry.get("supported_endpoints")
    return Model(
        id=entry["id"],
        vendor=str(entry.get("vendor") or entry.get("publisher") or entry.get("owned_by") or ""),
        version=str(entry.get("version") or ""),
        endpoints=tuple(str(endpoint) for endpoint in endpoints) if isinstance(endpoints, list) else CHAT,
        raw=entry,
        able=_abilities(entry),
        kind=str(_table(entry, "capabilities").get("type") or "chat"),
        max_inputs=number(_table(_table(entry, "capabilities"), "limits").get("max_inputs")),
    )


VENDORS = {"azure openai": "openai"}
"""Vendors that are another's under a second name."""


def _abilities(entry: JSON) -> Abilities:
    capabilities = _table(entry, "capabilities")
    limits, supports = _table(capabilities, "limits"), _table(capabilities, "supports")
    name = str(entry.get("vendor") or entry.get("publisher") or "").casefold()
    vendor = VENDORS.get(name, name)
    efforts = supports.get("reasoning_effort")
    return Abilities(
        vendor=vendor,
        max_output=number(limits.get("max_output_tokens")),
        min_budget=number(supports.get("min_thinking_budget")),
        max_budget=number(supports.get("max_thinking_budget")),
        adaptive=supports.get("adaptive_thinking") is True,
        efforts=tuple(str(effort) for effort in efforts) if isinstance(efforts, list) else (),
        least_cached=least_cached(entry["id"]) if vendor == "anthropic" else None,
    )


def _table(entry: JSON, name: str) -> JSON:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def number(value: object) -> int | None:
    """A whole number, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
