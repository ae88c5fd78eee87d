"""A simulated user: their plan, their logins, their Copilot tokens."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from passenger.simulator.bill import Bill
from passenger.simulator.billing import NANO
from passenger.simulator.faults import UsageShown

LOGIN_TOKEN = "ghu_simulated-login-0001"  # noqa: S105 - made up, and says so

CLIENTS = {
    "Iv1.b507a08c87ecfe98": LOGIN_TOKEN,
    "01ab8ac9400c4e429b23": "gho_simulated-vscode-0001",
    "Ov23li8tweQw6odWQebz": "gho_simulated-opencode-0001",
    "178c6fc778ccc68e1d6a": "gho_simulated-gh-cli-0001",
}
"""The OAuth apps GitHub knows, each with the token a login through it gives here."""

PERSONAL_TOKEN = "github_pat_simulated-0001"  # noqa: S105 - made up, and says so
"""A fine-grained token with the permission "Copilot Requests". It is sent to Copilot as it is."""

INSTALLATION_TOKEN = "ghs_simulated-installation-0001"  # noqa: S105 - made up, and says so
"""The token of a GitHub App installed in an organisation, with `copilot_requests: write`; likewise."""

PERSONAL_INTEGRATION = "copilot-developer-cli"
"""The one `Copilot-Integration-Id` with which Copilot takes a fine-grained token."""

EXCHANGEABLE = {"Iv1.b507a08c87ecfe98", "01ab8ac9400c4e429b23"}

SKUS = {
    "free": "free_limited_copilot",
    "individual": "monthly_subscriber_quota",
    "individual_pro": "plus_monthly_subscriber_quota",
    "business": "copilot_for_business_seat_quota",
    "enterprise": "copilot_enterprise_seat_multi_quota",
}
ENTITLEMENTS = {"free": 50, "individual": 300, "individual_pro": 1500, "business": 300, "enterprise": 1000}
CREDITS = {"free": 200, "individual": 1500, "individual_pro": 7000, "business": 3000, "enterprise": 7000}
"""What a plan includes, in premium requests and in AI credits; of the credits only Pro+'s were seen."""

Unit = Literal["premium_requests", "credits"]
TRACKING_ID = "51301a7ed00000000000000000000001"


@dataclass(slots=True)
class Minted:
    """A Copilot token, the host it is good on and when it ends (Unix seconds)."""

    token: str
    host: str
    expires_at: int
    revoked: bool = False


@dataclass(slots=True)
class Account:
    """The account's state and its settings; times are Unix seconds or seconds, `clock` gives the wall's time.

    Accounts of one simulator have different numbers, and thereby different tokens.
    """

    clock: Callable[[], float]
    token_lifetime: int = 1800
    refresh_in: int = 1500
    plan: str = "individual"
    login: str = "octo-simulated"
    url: str = ""
    api_url: str = ""
    login_revoked: bool = False
    minted: dict[str, Minted] = field(default_factory=dict)
    overage_permitted: bool = True
    unit: Unit = "premium_requests"  # what it pays by
    copilot_usage: UsageShown = "exact"  # what its answers say of their cost
    own_entitlement: float | None = None  # in the place of what the plan includes
    used_elsewhere: float = 0.0  # credits that other tools have used
    bill: Bill = field(default_factory=Bill)
    enabled: set[str] = field(default_factory=set)  # models whose policy the user accepted
    may_search: bool = True  # whether the organisation lets its models search the web
    searchless: set[str] = field(default_factory=set)  # models that cannot search the web
    licensed: bool = True  # whether it has a Copilot seat at all
    number: int = 1

    @property
    def host(self) -> str:
        """Host and port of the Copilot API as of now."""
        return self.api_url.partition("://")[2]

    @property
    def entitlement(self) -> float:
        """What the plan includes a month, in the account's unit."""
        if self.own_entitlement is not None:
            return self.own_entitlement
        return (CREDITS if self.unit == "credits" else ENTITLEMENTS)[self.plan]

    @property
    def premium_used(self) -> float:
        """Premium requests that were used this month."""
        return self.bill.premium

    @premium_used.setter
    def premium_used(self, used: float) -> None:
        self.bill.premium = used

    @property
    def used(self) -> float:
        """What was used this month, in the account's unit; of credits what answers that have ended cost."""
        if self.unit == "credits":
            return self.used_elsewhere + self.bill.settled / NANO
        return self.premium_used

    @property
    def login_token(self) -> str:
        """The GitHub token of a login by the first of the apps."""
        return self.own(LOGIN_TOKEN)

    def own(self, token: str) -> str:
        """A token of the first account as this one has it."""
        return f"{token.removesuffix('0001')}{self.number:04}"

    def client_of(self, token: str) -> str | None:
        """The OAuth app a GitHub token was made by, or None when GitHub does not know it (any more)."""
        if self.login_revoked:
            return None
        return next((client for client, known in CLIENTS.items() if token == self.own(known)), None)

    def takes_as_it_is(self, token: str, integration: str | None) -> bool:
        """Whether Copilot takes a GitHub token of this account without an exchange, from that integration."""
        if self.client_of(token) is not None:
            return True
        is_personal = token == self.own(PERSONAL_TOKEN) and integration == PERSONAL_INTEGRATION
        return not self.login_revoked and (is_personal or token == self.own(INSTALLATION_TOKEN))

    def owns(self, token: str) -> bool:
        """Whether a token of any kind is of this account."""
        known = (*CLIENTS.values(), PERSONAL_TOKEN, INSTALLATION_TOKEN)
        return token in self.minted or any(token == self.own(one) for one in known)

    def mint(self) -> Minted:
        """Make a Copilot token: the real one's shape, with contents that say they are simulated."""
        expires_at = int(self.clock()) + self.token_lifetime
        fields = (
            f"tid={TRACKING_ID[:-4]}{self.number:04};ol=simulated;exp={expires_at};sku={SKUS[self.plan]};proxy-ep={self.host};st=dotcom;"
            f"ssc=1;chat=1;cit=1;malfil=1;editor_preview_features=1;agent_mode=1;mcp=1;n={len(self.minted)}"
        )
        token = f"{fields}:{hashlib.sha256(fields.encode()).hexdigest()}"
        self.minted[token] = Minted(token, self.host, expires_at)
        return self.minted[token]

    def revoke_tokens(self) -> None:
        """End every Copilot token made so far."""
        for minted in self.minted.values():
            minted.revoked = True
