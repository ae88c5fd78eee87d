"""The models of an account: reads a catalogue, and finds the model that a client names.

A name may differ in case, have dashes in a Claude version, Anthropic's date or `-latest`, or be the vendor's dated
version. It always resolves to that same model, never to another one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from passenger.chat.cache_points import least_cached
from passenger.chat.capabilities import Capabilities
from passenger.chat.cost import UNKNOWN, Tariff
from passenger.copilot.tariffs import read_tariff, tells_prices
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import loads
from passenger.limits import Limits

JSON = dict[str, Any]

CHAT = ("/chat/completions",)
"""The APIs of a model without `supported_endpoints`: all spoke Chat Completions before the field existed."""

LONGEST = Limits().max_name
"""Characters of an unknown name that are compared and told."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model as the account offers it; `raw` is Copilot's own entry."""

    id: str
    vendor: str
    version: str
    endpoints: tuple[str, ...]
    raw: JSON
    capabilities: Capabilities = field(default_factory=Capabilities)
    kind: str = "chat"
    """`chat`, `embeddings` or `completion`."""
    max_inputs: int | None = None
    """Texts in one request for embeddings."""
    tariff: Tariff = UNKNOWN

    def as_openai(self) -> JSON:
        """The entry in OpenAI's shape, beside Copilot's fields.

        https://platform.openai.com/docs/api-reference/models/object
        """
        return {**self.raw, "id": self.id, "object": "model", "created": self.created, "owned_by": self.owner}

    @property
    def name(self) -> str:
        """Its display name."""
        return str(self.raw.get("name") or self.id)

    @property
    def limits(self) -> JSON:
        """`max_context_window_tokens`, `max_prompt_tokens`, `max_output_tokens`; any of them may be missing."""
        return _table(_table(self.raw, "capabilities"), "limits")

    @property
    def supports(self) -> JSON:
        """`tool_calls`, `vision` and more; a feature that it lacks is missing."""
        return _table(_table(self.raw, "capabilities"), "supports")

    @property
    def thinks(self) -> bool:
        """Whether it can think before it answers."""
        can = self.capabilities
        return bool(self.supports.get("thinking") or can.efforts or can.adaptive or can.max_budget)

    @property
    def family(self) -> str:
        """The family of which it is a version."""
        return str(_table(self.raw, "capabilities").get("family") or self.id)

    @property
    def owner(self) -> str:
        """The vendor, spelled as in OpenAI's `owned_by`."""
        return re.sub(r"[^a-z0-9]+", "-", self.vendor.lower()).strip("-") or "github-copilot"

    @property
    def created(self) -> int:
        """Unix seconds of the date in its version; 0 without one."""
        date = re.search(r"(20\d\d)-(\d\d)-(\d\d)", self.version)
        try:
            return int(datetime(*map(int, date.groups()), tzinfo=UTC).timestamp()) if date else 0  # type: ignore[arg-type, misc]  # three ints by the pattern
        except ValueError:
            return 0


class Catalog:
    """The models of one account, each once, in Copilot's order."""

    def __init__(self, models: Iterable[Model], aliases: Mapping[str, str] | None = None) -> None:
        self.models: dict[str, Model] = {}
        for model in models:
            self.models.setdefault(model.id, model)
        self.aliases = dict(aliases or {})
        self._by_name = _unambiguous((_comparable(model.id), model) for model in self.models.values())
        self._by_version = _unambiguous((model.version.casefold(), model) for model in self.models.values())

    def find(self, name: str) -> Model | None:
        """The model with that name; None if there is none, or the name is ambiguous."""
        name = self.aliases.get(name, name)
        return self.models.get(name) or self._by_name.get(_comparable(name)) or self._by_version.get(name.casefold())

    def unknown(self, name: str) -> Failure:
        """The failure for an unknown name, with the nearest names."""
        import difflib  # noqa: PLC0415 - seldom needed, and 200 KB

        name = name[:LONGEST]
        near = difflib.get_close_matches(_comparable(name), self._by_name, n=3, cutoff=0.5)
        hint = f" Nearest: {', '.join(self._by_name[key].id for key in near)}." if near else ""
        message = f"The model {name!r} does not exist or this account has no access to it.{hint}"
        return Failure(Kind.NOT_FOUND, message, code="model_not_found", param="model", type="invalid_request_error")


_CLAUDE_DATE = re.compile(r"-20\d{6}$")
_VERSION_DASH = re.compile(r"(?<=\d)-(?=\d{1,2}(?:$|-))")
_VERSION_DOT = re.compile(r"(?<=\d)\.(?=\d)")


def with_dashes(name: str) -> str:
    """A name with Anthropic's dashes instead of dots in its version: `claude-opus-4-6`. `Catalog.find` takes both."""
    return _VERSION_DOT.sub("-", name)


def _comparable(name: str) -> str:
    """A name in the form in which names are compared: case, and the date and dashes of Claude's, do not count."""
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
    """The models of these entries; an entry without an id is skipped."""
    found = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    by_tokens = tells_prices(found)
    return [_read_model(entry, read_tariff(entry, by_tokens=by_tokens)) for entry in found]


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


def _read_model(entry: JSON, tariff: Tariff) -> Model:
    endpoints = entry.get("supported_endpoints")
    return Model(
        id=entry["id"],
        vendor=str(entry.get("vendor") or entry.get("publisher") or entry.get("owned_by") or ""),
        version=str(entry.get("version") or ""),
        endpoints=tuple(str(endpoint) for endpoint in endpoints) if isinstance(endpoints, list) else CHAT,
        raw=entry,
        capabilities=_read_capabilities(entry),
        kind=str(_table(entry, "capabilities").get("type") or "chat"),
        max_inputs=whole_number(_table(_table(entry, "capabilities"), "limits").get("max_inputs")),
        tariff=tariff,
    )


VENDORS = {"azure openai": "openai"}
"""Other names of vendors."""


def _read_capabilities(entry: JSON) -> Capabilities:
    capabilities = _table(entry, "capabilities")
    limits, supports = _table(capabilities, "limits"), _table(capabilities, "supports")
    name = str(entry.get("vendor") or entry.get("publisher") or "").casefold()
    vendor = VENDORS.get(name, name)
    efforts = supports.get("reasoning_effort")
    return Capabilities(
        vendor=vendor,
        max_output=whole_number(limits.get("max_output_tokens")),
        min_budget=whole_number(supports.get("min_thinking_budget")),
        max_budget=whole_number(supports.get("max_thinking_budget")),
        adaptive=supports.get("adaptive_thinking") is True,
        efforts=tuple(str(effort) for effort in efforts) if isinstance(efforts, list) else (),
        least_cached=least_cached(entry["id"]) if vendor == "anthropic" else None,
    )


def _table(entry: JSON, name: str) -> JSON:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def whole_number(value: object) -> int | None:
    """A whole number, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
