"""What is left of the account's quota, as headers and as `/copilot_internal/user` tell it.

Both are of what was used before: headers are written before a token of their own answer is counted.
"""

from typing import Any

from passenger.simulator.account import Account
from passenger.simulator.reply import Fields

RESET_DATE = "2026-12-01"
_RESET = f"{RESET_DATE}T00%3A00%3A00Z"
_UNLIMITED = f"ent=-1&ov=0.0&ovPerm=false&rem=100.0&rst={_RESET}&totRem=-1"
_NO_LIMIT = {
    "entitlement": 0,
    "overage_count": 0,
    "overage_permitted": False,
    "percent_remaining": 100,
    "quota_remaining": 0,
    "remaining": 0,
    "timestamp_utc": "2026-11-14T10:00:00.000Z",
    "unlimited": True,
}


def headers(account: Account) -> Fields:
    """The quota before this request."""
    total, left = account.entitlement, account.entitlement - account.used
    over, permitted = max(0.0, -left), str(account.overage_permitted).lower()
    premium = (
        f"ent={total:.10g}&ov={over:.1f}&ovPerm={permitted}&rem={_percent(left, total):.1f}"
        f"&rst={_RESET}&totRem={max(0.0, left):.1f}"
    )
    return (
        ("x-quota-snapshot-chat", _UNLIMITED),
        ("x-quota-snapshot-completions", _UNLIMITED),
        ("x-quota-snapshot-premium_interactions", premium),
    )


def snapshots(account: Account) -> dict[str, Any]:
    """The quota as `quota_snapshots`; what was used beyond it is negative."""
    total, left = account.entitlement, account.entitlement - account.used
    premium = _NO_LIMIT | {
        "entitlement": total,
        "overage_permitted": account.overage_permitted,
        "percent_remaining": round(100 * left / total, 1) if total else 0.0,
        "quota_id": "premium_interactions",
        "quota_remaining": round(left, 2),
        "remaining": int(left),
        "unlimited": False,
    }
    chat, completions = (_NO_LIMIT | {"quota_id": name} for name in ("chat", "completions"))
    return {"chat": chat, "completions": completions, "premium_interactions": premium | _in_credits(account)}


def _in_credits(account: Account) -> dict[str, Any]:
    if account.unit != "credits":
        return {}
    over = max(0.0, account.used - account.entitlement)
    return {
        "credits_used": round(account.used, 9),
        "has_quota": True,
        "overage_count": round(over, 2),
        "quota_reset_at": f"{RESET_DATE}T00:00:00.000Z",
        "token_based_billing": True,
    }


def _percent(left: float, total: float) -> float:
    return max(0.0, 100 * left / total) if total else 0.0
