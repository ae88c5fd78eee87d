"""The account that pays for a request, and all that is its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from passenger.account.copilot_user import PATIENCE, CopilotUserCache
from passenger.account.device_login import DeviceLogin
from passenger.account.login_state import LoginState
from passenger.account.principal import Principal
from passenger.account.protocol import CopilotUser
from passenger.account.session import Session
from passenger.chat.cost import UNKNOWN, Tariff
from passenger.copilot.catalog import Catalog, Model
from passenger.copilot.catalog_cache import CatalogCache
from passenger.copilot.upstream import Upstream
from passenger.errors import Failure, Kind
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.quota.monitor import QuotaMonitor
from passenger.quota.quota import Quota


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Seat:
    """An account with its session, models, upstream, lessons and kept reasoning.

    Cache keys, learned rows and ids name the seat. Code outside the gateway uses its methods, not its parts.
    """

    name: str
    session: Session
    catalog: CatalogCache
    upstream: Upstream
    reasoning: ReasoningCache
    copilot_user: CopilotUserCache | None = None
    """What GitHub says of the account."""
    device_login: DeviceLogin | None = None
    """Makes a login for it; None if a login could not be saved."""
    quota: QuotaMonitor | None = None
    """What is left of its quota."""

    @property
    def log_in(self) -> str:
        """What to do where nobody is logged in."""
        return self.session.log_in

    def is_usable(self) -> bool:
        """Whether there is a login or a token.

        Raises:
            Failure: the files cannot be read.
        """
        return self.session.is_usable()

    def serves_several(self) -> bool:
        """Whether it is an organisation's, and may serve several people."""
        return self.session.is_of_organisation()

    def trouble(self) -> Failure | None:
        """Why its token cannot be renewed or its login used; None if it can."""
        try:
            if self.session.is_usable():
                return self.session.trouble()
        except Failure as failure:
            return failure
        return Failure(Kind.LOGIN, f"nobody is logged in to GitHub here: {self.log_in}")

    def models_trouble(self) -> Failure | None:
        """Why its models could not be fetched last."""
        return self.catalog.trouble

    def known_model(self, name: str) -> Model | None:
        """The model with that name, if a current list is at hand."""
        return self.catalog.known(name)

    def tariff(self, model: Model | None) -> Tariff:
        """What a model costs it."""
        tariff = model.tariff if model else UNKNOWN
        counts_requests = self.quota is not None and self.quota.counts_requests
        return replace(tariff, counts_requests=True) if counts_requests else tariff

    async def models(self) -> Catalog:
        """Its models.

        Raises:
            Failure: no list of them can be fetched.
        """
        return await self.catalog.list()

    async def told(self, patience: float = PATIENCE) -> CopilotUser | None:
        """What GitHub says of its account; None if it does not answer within `patience` seconds."""
        return await self.copilot_user.get(patience) if self.copilot_user else None

    def latest_quotas(self, quotas: Sequence[Quota]) -> Sequence[Quota]:
        """Counters that GitHub has told, with the one that answers tell as it is now."""
        return self.quota.latest(quotas) if self.quota else quotas

    def login_state(self) -> LoginState:
        """The state of a login that is under way for it."""
        return self.device_login.state() if self.device_login else LoginState()


class Seats(Protocol):
    """Finds the seat that pays for a principal."""

    def of(self, principal: Principal) -> Seat:
        """The seat of this principal."""


@dataclass(frozen=True, slots=True)
class OneSeat:
    """One seat for everybody, as on a laptop."""

    seat: Seat

    def of(self, _principal: Principal) -> Seat:
        """The one seat."""
        return self.seat
