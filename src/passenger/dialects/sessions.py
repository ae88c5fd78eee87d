"""Which session of a client a request belongs to, and the `prompt_cache_key` that is made of it.

OpenAI sends requests with one key to the same machines, whose cache has the session's prompt:
https://platform.openai.com/docs/guides/prompt-caching. What goes up is a digest; no client's id does.
"""

import hmac
import json
import re
from collections.abc import Mapping

HEADERS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")
"""What clients call it: Claude Code, Codex (newer and older), opencode and others (seen 2026-11)."""

LENGTH = 32
"""Characters of a key; OpenAI takes 64."""

_IN_USER_ID = re.compile(r"_session_([\w-]+)$")


def session_of(headers: Mapping[str, str]) -> str:
    """What a client calls its session, empty where no header says it."""
    for name in HEADERS:
        if headers.get(name):
            return headers[name]
    return ""


def cache_key(seat: str, headers: Mapping[str, str], user: str | None = None) -> str | None:
    """The key of a session, the same for all its requests and another for every seat; None where none is told.

    `user` is Anthropic's `metadata.user_id`, in which Claude Code names its session.
    """
    session = session_of(headers) or _in_user_id(user or "")
    if not session:
        return None
    return hmac.digest(seat.encode(), session.encode("utf-8", "surrogatepass"), "sha256").hex()[:LENGTH]


def _in_user_id(user: str) -> str | None:
    """The session within Claude Code's user id, which is JSON or, in older versions, ends with it."""
    if user.startswith("{"):
        try:
            fields = json.loads(user)
        except (ValueError, RecursionError):
            return None
        session = fields.get("session_id")
        return session if isinstance(session, str) else None
    found = _IN_USER_ID.search(user)
    return found[1] if found else None
