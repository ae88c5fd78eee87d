"""The one simulated user: their plan, their logins, their Copilot tokens; it hides how tokens are made."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

LOGIN_TOKEN = "ghu_simulated-login-0001"  # noqa: S105 - made up, and says so

CLIENTS = {
    "Iv1.b507a08c87ecfe98": LOGIN_TOKEN,
    "01ab8ac9400c4e429b23": "gho_simulated-vscode-0001",
    "Ov23li8tweQw6odWQebz": "gho_simulated-opencode-0001",
    "178c6fc778ccc68e1d6a": "gho_simulated-gh-cli-0001",
}
"""The OAuth apps GitHub knows (upstream.md 1.2), each with the token a login through it gives here."""

EXCHANGEABLE = {"Iv1.b507a08c87ecfe98", "01ab8ac9400c4e429b23"}

SKUS = {
    "free": "free_limited_copilot",
    "individual": "monthly_subscriber_quota",
    "individual_pro": "plus_monthly_subscriber_quota",
    "business": "copilot_for_business_seat_quota",
    "enterprise": "copilot_enterprise_seat_multi_quota",
}
ENTITLEMENTS = {"free": 50, "individual": 300, "individual_pro": 1500, "business": 300, "enterprise": 1000}
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
    """The account's state and its settings; times are Unix seconds or seconds, `clock` gives the wall's time."""

    clock: Callable[[], float]
    token_lifetime: int = 1800
    refresh_in: int = 1500
    plan: str = "individual"
    login: str = "octo-simulated"
    url: str = ""
    api_url: str = ""
    login_revoked: bool = False
    minted: dict[str, Minted] = field(default_factory=dict)
    premium_used: float = 0.0
    overage_permitted: bool = True
    enabled: set[str] = field(default_factory=set)  # models whose policy the user accepted

    @property
    def host(self) -> str:
        """Host and port of the Copilot API as of now."""
        return self.api_url.partition("://")[2]

    @property
    def entitlement(self) -> int:
        """Premium requests a month."""
        return ENTITLEMENTS[self.plan]

    def client_of(self, token: str) -> str | None:
        """The OAuth app a GitHub token was made by, or None when GitHub does not know it (any more)."""
        if self.login_revoked:
            return None
        return next((client for client, known in CLIENTS.items() if token == known), None)

    def mint(self) -> Minted:
        """Make a Copilot token: the real one's shape (upstream.md 1.5), with contents that say they are simulated."""
        expires_at = int(self.clock()) + self.token_lifetime
        fields = (
            f"tid={TRACKING_ID};ol=simulated;exp={expires_at};sku={SKUS[self.plan]};proxy-ep={self.host};st=dotcom;"
            f"ssc=1;chat=1;cit=1;malfil=1;editor_preview_features=1;agent_mode=1;mcp=1;n={len(self.minted)}"
        )
        token = f"{fields}:{hashlib.sha256(fields.encode()).hexdigest()}"
        self.minted[token] = Minted(token, self.host, expires_at)
        return self.minted[token]

    def revoke_tokens(self) -> None:
        """End every Copilot token made so far."""
        for minted in self.minted.values():
            minted.revoked = True
