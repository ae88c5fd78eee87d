"""The models of the account, from `catalogue.json`."""

import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import msgspec

from passenger.simulator.reply import go_json

Vendor = Literal["azure", "claude", "gemini"]
VENDORS: dict[str, Vendor] = {"Anthropic": "claude", "Google": "gemini"}
THINKS_BESIDE = {"Google", "xAI"}

TOKEN_PRICES_SINCE = "2026-06-01"  # noqa: S105 - an API version
BILLING_CHANGED = (
    "Your billing plan has changed to usage-based billing and model multipliers no longer apply. "
    "Update your editor to see token prices."
)


@dataclass(frozen=True)
class Model:
    """One entry of the catalogue, and `flags` for what it does that its entry does not say."""

    entry: dict[str, Any]
    flags: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """The id that requests name."""
        return str(self.entry["id"])

    @cached_property
    def vendor(self) -> Vendor:
        """Whose wire quirks its answers have; OpenAI's and xAI's models are served the Azure way."""
        return VENDORS.get(self.entry["vendor"], "azure")

    @cached_property
    def answers_as(self) -> str:
        """The `model` of its answers: the dated name for GPT, the id for the others."""
        return str(self.entry["version"]) if self.vendor == "azure" else self.id

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """The paths it can be asked on; a chat model that names none speaks `/chat/completions`."""
        chat = self.entry["capabilities"]["type"] == "chat"
        return tuple(self.entry.get("supported_endpoints", ("/chat/completions",) if chat else ()))

    @cached_property
    def max_prompt_tokens(self) -> int:
        """How long a prompt may be."""
        return int(self.entry["capabilities"].get("limits", {}).get("max_prompt_tokens", 128000))

    @cached_property
    def multiplier(self) -> float:
        """What one request costs, in premium requests."""
        return float(self.entry["billing"]["multiplier"])

    @cached_property
    def token_prices(self) -> dict[str, Any]:
        """Its prices as its entry says them; empty for an included model."""
        return dict(self.entry["billing"].get("token_prices") or {})

    @cached_property
    def batch_size(self) -> int:
        """How many tokens a price is for."""
        return int(self.token_prices.get("batch_size", 1_000_000))

    def prices(self, prompt: int) -> dict[str, float]:
        """AI credits for a batch of tokens, by kind, with a prompt of so many; empty for an included model.

        A prompt longer than `context_max` has the prices of `long_context`, all of it and its answer.
        """
        default: dict[str, float] = self.token_prices.get("default", {})
        most, dearer = default.get("context_max"), self.token_prices.get("long_context")
        return dearer if dearer and most is not None and prompt > most else default

    @cached_property
    def efforts(self) -> tuple[str, ...]:
        """The values of `reasoning_effort` it takes; empty when it names none."""
        return tuple(self.entry["capabilities"]["supports"].get("reasoning_effort", ()))

    @cached_property
    def supports(self) -> dict[str, Any]:
        """What it can do, by name."""
        return dict(self.entry["capabilities"]["supports"])

    @cached_property
    def unsupported(self) -> tuple[str, ...]:
        """Tuning fields that it refuses."""
        return tuple(self.flags.get("unsupported", ()))

    @cached_property
    def thinks_beside(self) -> bool:
        """Whether the tokens of its thinking are counted beside those of its completion, not among them."""
        return self.entry["vendor"] in THINKS_BESIDE

    @cached_property
    def compactions(self) -> int:
        """Into how many items it compacts a conversation; each holds all of it up to some place, the last one all."""
        return int(self.flags.get("compactions", 1))

    @cached_property
    def needs_policy(self) -> bool:
        """Whether its terms must be accepted first."""
        return bool(self.entry.get("policy", {}).get("state", "enabled") != "enabled")


class Catalogue:
    """Every model, and the answers of `GET /models` made once.

    `speaks` lets some models, by id, be asked on other paths than the file says.
    """

    def __init__(self, speaks: Mapping[str, Sequence[str]] | None = None) -> None:
        text = importlib.resources.files("passenger.simulator").joinpath("catalogue.json").read_bytes()
        self._entries: list[dict[str, Any]] = msgspec.json.decode(text)["data"]
        for entry in self._entries:
            if entry["id"] in (speaks or {}):
                entry["supported_endpoints"] = list((speaks or {})[entry["id"]])
        self._models: dict[str, Model] = {}
        for entry in self._entries:  # ids are not unique: the first entry is the one that is called
            self._models.setdefault(entry["id"], Model(entry, entry.pop("simulated", {})))
        self._lists: dict[bool, bytes] = {}

    def find(self, model_id: str) -> Model | None:
        """The model of exactly that id."""
        return self._models.get(model_id)

    def listing(self, api_version: str | None, enabled: set[str]) -> bytes:
        """The body of `GET /models`; an older API version sees multipliers of 1 and a warning, but no prices."""
        recent = (api_version or "") >= TOKEN_PRICES_SINCE
        if enabled:
            return self._write(recent, enabled)
        if recent not in self._lists:
            self._lists[recent] = self._write(recent, enabled)
        return self._lists[recent]

    def entry(self, model: Model, api_version: str | None, enabled: set[str]) -> bytes:
        """The body of `GET /models/{id}`."""
        recent = (api_version or "") >= TOKEN_PRICES_SINCE
        return go_json(_dialect(model.entry, enabled, recent=recent))

    def _write(self, recent: bool, enabled: set[str]) -> bytes:  # noqa: FBT001, RUF100 - private
        return go_json({"data": [_dialect(e, enabled, recent=recent) for e in self._entries], "object": "list"})


def _dialect(entry: dict[str, Any], enabled: set[str], *, recent: bool) -> dict[str, Any]:
    if entry["id"] in enabled:
        entry = entry | {"policy": entry["policy"] | {"state": "enabled"}}
    if recent:
        return entry
    billing = {key: value for key, value in entry["billing"].items() if key != "token_prices"}
    return entry | {"billing": billing | {"multiplier": 1}, "warning_message": BILLING_CHANGED}
