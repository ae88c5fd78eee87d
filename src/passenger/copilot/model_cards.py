"""A model as our own commands and the page show it, made from Copilot's entry."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from passenger.chat.cost import NANO, Tariff
from passenger.copilot.catalog import Model, whole_number
from passenger.copilot.tariffs import INCLUDED, MILLION

SETTINGS_PAGE = "https://github.com/settings/copilot/features"
"""Where a person turns models on and off; an organisation's members ask its owners."""


class Prices(Struct, frozen=True):
    """AI credits for a million tokens; None where the catalogue does not tell."""

    input: float | None = None
    cached: float | None = None
    written: float | None = None
    output: float | None = None


class ModelCard(Struct, frozen=True):
    """What can be chosen by, of one model; sizes are in tokens, None where Copilot does not tell."""

    id: str
    name: str
    vendor: str
    family: str
    kind: str = "chat"
    """`chat`, `embeddings` or `completion`."""
    endpoints: Sequence[str] = ()
    """Copilot's paths that take it."""
    dialects: Sequence[str] = ()
    """The same as our names: `completions`, `messages`, `responses`."""
    context: int | None = None
    prompt: int | None = None
    output: int | None = None
    vision: bool = False
    tools: bool = False
    thinks: bool = False
    efforts: Sequence[str] = ()
    preview: bool = False
    picker: bool = True
    """Whether Copilot's own clients offer it."""
    default: bool = False
    """Whether they begin with it."""
    category: str | None = None
    """`lightweight`, `versatile` or `powerful`."""
    policy: str | None = None
    """`enabled`, `disabled` or `unconfigured`; None where it needs no consent."""
    multiplier: float | None = None
    """Premium requests that one asks for, on plans that count those."""
    prices: Prices | None = None
    aliases: Sequence[str] = ()
    """The user's own names for it."""

    @property
    def is_hidden(self) -> bool:
        """Whether a policy keeps it from being asked."""
        return self.policy in {"disabled", "unconfigured"}

    @property
    def is_chat(self) -> bool:
        """Whether it chats, rather than embeds or completes."""
        return self.kind == "chat"

    @property
    def is_offered(self) -> bool:
        """Whether Copilot's own clients offer it to chat with."""
        return self.is_chat and self.picker and not self.is_hidden


class ModelList(Struct, frozen=True):
    """The answer of `GET /v1/passenger/models`, in Copilot's own order."""

    models: Sequence[ModelCard]


def cards_of(
    models: Iterable[Model], aliases: Mapping[str, str], find: Callable[[str], Model | None]
) -> list[ModelCard]:
    """The cards of all models; `find` gives the model that an alias means, None where there is none."""
    named: dict[str, list[str]] = {}
    for alias, target in aliases.items():
        if (model := find(target)) is not None:
            named.setdefault(model.id, []).append(alias)
    return [card_of(model, named.get(model.id, ())) for model in models]


def card_of(model: Model, aliases: Sequence[str] = ()) -> ModelCard:
    """The card of one model."""
    from passenger.dialects.registry import OUTBOUND  # noqa: PLC0415 - commands that only read cards do without dialects

    raw, limits, supports = model.raw, model.limits, model.supports
    policy = raw.get("policy")
    billing = raw.get("billing")
    billing = billing if isinstance(billing, dict) else {}
    return ModelCard(
        id=model.id,
        name=model.name,
        vendor=model.vendor,
        family=model.family,
        kind=model.kind,
        endpoints=model.endpoints,
        dialects=[one.name for one in OUTBOUND if one.path in model.endpoints],
        context=whole_number(limits.get("max_context_window_tokens")),
        prompt=whole_number(limits.get("max_prompt_tokens")),
        output=whole_number(limits.get("max_output_tokens")),
        vision=supports.get("vision") is True,
        tools=supports.get("tool_calls") is True,
        thinks=model.thinks,
        efforts=model.capabilities.efforts,
        preview=raw.get("preview") is True,
        picker=raw.get("model_picker_enabled") is not False,
        default=raw.get("is_chat_default") is True,
        category=_text(raw.get("model_picker_category")),
        policy=_text(policy.get("state")) if isinstance(policy, dict) else None,
        multiplier=_amount(billing.get("multiplier")),
        prices=_prices(model.tariff),
        aliases=aliases,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _amount(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _prices(tariff: Tariff) -> Prices | None:
    """Copilot's prices for a batch of tokens as prices for a million; None for a model that has none of its own."""
    rates = tariff.rates
    if rates is None or rates is INCLUDED:
        return None
    return Prices(*(None if one is None else one / NANO * MILLION / tariff.batch for one in astuple(rates)))
