"""Which of Anthropic's betas Copilot takes, and what becomes of a feature whose beta it does not take."""

from collections.abc import Iterable, Mapping

from passenger.body import Body
from passenger.copilot.lessons import Lesson, applies
from passenger.copilot.paths import leave_out

MID_SYSTEM = "mid-conversation-system-2026-04-07"
ACCEPTED = frozenset(
    {
        "advanced-tool-use-2025-11-20",
        "claude-code-20250219",
        "context-management-2025-06-27",
        "extended-cache-ttl-2025-04-11",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        MID_SYSTEM,
        "oauth-2025-04-20",
        "prompt-caching-2024-07-31",
        "prompt-caching-scope-2026-01-05",
        "token-efficient-tools-2025-02-19",
        "tool-search-tool-2025-11-19",
    }
)
"""Betas that Copilot takes (probed 2026-08)."""

NEEDS: Mapping[str, tuple[Lesson, ...]] = {
    "thinking-display-updates-": (Lesson(("thinking", "display"), "updates"),),
    "fast-mode-": (Lesson(("speed",)),),
    # What these ask for goes up in the body, or comes down, without them as well.
    "effort-": (),
    "message-threads-": (),
    "mid-conversation-tool-changes-": (),
    "structured-outputs-": (),
    "thinking-token-count-": (),
    "token-counting-": (),
}
"""By the beginning of a beta's name: what of a body goes with it. Such a beta is not named where it is left out.

Only what it brought can be lost, and that is named by its own name (Claude Code and Anthropic's SDKs, seen 2026-11).
"""


def leave_out_betas(body: Body, betas: Iterable[str]) -> tuple[str, ...]:
    """Take what needs these betas out of a body; the names of what is lost without them (2026-11)."""
    lost: list[str] = []
    for beta in betas:
        needs = next((needs for name, needs in NEEDS.items() if beta.startswith(name)), None)
        if needs is None:
            lost.append(f"anthropic-beta: {beta}")
        for lesson in needs or ():
            if place := applies(lesson, body):
                leave_out(body, place)
                lost.append(".".join(place))
    return tuple(lost)
