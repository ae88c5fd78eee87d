"""Which of Copilot's APIs a request goes to: the client's own dialect where the model speaks it, else the best."""

from dataclasses import dataclass

from passenger.chat import Abilities
from passenger.copilot.models import Model
from passenger.dialects import Inbound, Outbound
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure, Kind

_UNKNOWN = Abilities()


@dataclass(frozen=True, slots=True)
class Route:
    """The model, the dialect it is asked in, and whether the client's own bytes go up.

    `model` is None where no catalogue could be had and the name goes up as it came.
    """

    name: str
    model: Model | None
    outbound: Outbound
    relayed: bool

    @property
    def able(self) -> Abilities:
        """What the model can do."""
        return self.model.able if self.model else _UNKNOWN

    def __str__(self) -> str:
        return f"model={self.name}; dialect={self.outbound.NAME}; mode={'relayed' if self.relayed else 'translated'}"


def choose(inbound: Inbound, name: str, model: Model | None) -> Route:
    """The route of a request for the model that `name` was resolved to.

    Raises:
        Failure: the model speaks none of the APIs for chat.
    """
    spoken = [dialect for dialect in OUTBOUND if model is None or dialect.PATH in model.endpoints]
    own = next((dialect for dialect in spoken if dialect.NAME == inbound.NAME), None)
    if own is not None:
        return Route(model.id if model else name, model, own, relayed=True)
    if not spoken or (model is not None and model.kind == "embeddings"):
        message = f"The model {name!r} cannot chat; it speaks {', '.join(model.endpoints) if model else 'nothing'}."
        raise Failure(Kind.INVALID, message, code="unsupported_api_for_model", param="model")
    outbound = (
        spoken[0] if model is not None else next(dialect for dialect in OUTBOUND if dialect.NAME == "completions")
    )
    return Route(model.id if model else name, model, outbound, relayed=False)
