"""Anthropic's betas: those that Copilot takes, and what goes with those that it does not take.

https://platform.claude.com/docs/en/api/beta-headers
"""

from collections.abc import Iterable, Mapping

import msgspec

from passenger.jsontext.paths import Path, leave_out, put_in, resolve, text_at
from passenger.jsontext.raw_object import RawObject

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

NEEDS: Mapping[str, tuple[tuple[Path, str | None], ...]] = {
    "thinking-display-updates-": ((("thinking", "display"), "updates"),),
    "fast-mode-": ((("speed",), None),),
    # The features of these work without the beta.
    "effort-": (),
    "message-threads-": (),
    "mid-conversation-tool-changes-": (),
    "structured-outputs-": (),
    "thinking-token-count-": (),
    "token-counting-": (),
}
"""The fields that need a beta, by the beginning of its name; with a value, only that value does.

Such a beta is not named as left out, only the fields are (sent by Claude Code and Anthropic's SDKs, seen 2026-11).
"""


def leave_out_betas(body: RawObject, betas: Iterable[str]) -> tuple[str, ...]:
    """Leave out what needs these betas, and return the names of what is lost (2026-11)."""
    lost: list[str] = []
    for beta in betas:
        needs = next((needs for name, needs in NEEDS.items() if beta.startswith(name)), None)
        if needs is None:
            lost.append(f"anthropic-beta: {beta}")
        for path, value in needs or ():
            place = resolve(body, path)
            if place is not None and (value is None or text_at(body, place) == value):
                leave_out(body, place)
                lost.append(".".join(place))
    return tuple(lost)


def move_output_format(body: RawObject) -> None:
    """Move `output_format` to `output_config.format`: the older name needs a beta that Copilot does not take (2026-11).

    Where both are set, the newer one wins.
    """
    form = body.inside("output_format")
    if form is None:
        return
    config = body.inside("output_config")
    if config is None or config.get("format") is None:
        put_in(body, ("output_config", "format"), msgspec.Raw(form.encode()))
    body.drop("output_format")
