"""What a model can do, as far as writing a request for it needs to know."""

from msgspec import Struct


class Capabilities(Struct, frozen=True):
    """What the catalogue says of a model. Limits and budgets are tokens; None and empty: it does not say."""

    vendor: str = ""
    max_output: int | None = None
    min_budget: int | None = None
    max_budget: int | None = None
    adaptive: bool = False
    efforts: tuple[str, ...] = ()
    least_cached: int | None = None
    """Tokens from which a prefix can be cached; None where no breakpoints are to be set."""
