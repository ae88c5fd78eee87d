"""What GitHub's plans of Copilot are called, as their vendor sells them.

https://docs.github.com/en/copilot/get-started/plans
"""

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "free": "Free",
    "individual": "Pro",
    "individual_pro": "Pro+",
    "individual_max": "Max",
    "business": "Business",
    "enterprise": "Enterprise",
}


def plan_name(plan: str | None) -> str:
    """`individual_pro` as people know it, `Copilot Pro+`; empty where no plan is told."""
    name = _NAMES.get(plan or "", (plan or "").replace("_", " ").strip())
    return f"Copilot {name}" if name else ""
