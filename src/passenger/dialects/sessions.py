"""Finds the client's session of a request, and makes its `prompt_cache_key`.

OpenAI routes requests with the same key to the same machines, whose cache has the session's prompt:
https://platform.openai.com/docs/guides/prompt-caching. The key is a digest: no client's id leaves this machine.
"""

import hmac
import json
import re
from collections.abc import Mapping

HEADERS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")
"""The headers of Claude Code, Codex (newer and older), opencode and others (seen 2026-11)."""

_NAMES = frozenset(HEADERS)

LENGTH = 32
"""The length of a key. OpenAI takes up to 64 characters."""

_IN_USER_ID = re.compile(r"_session_([\w-]+)$")


def client_session(headers: Mapping[str, str]) -> str:
    """The client's id of its session, empty if no header has one."""
    if _NAMES.isdisjoint(headers):
        return ""
    return next((headers[name] for name in HEADERS if headers.get(name)), "")


def cache_key(seat: str, headers: Mapping[str, str], user: str | None = None) -> str | None:
    """The key of a session, different for each seat; None if the client names no session.

    `user` is Anthropic's `metadata.user_id`, in which Claude Code names its session.
    """
    session = client_session(headers) or _find_in_user_id(user or "")
    if not session:
        return None
    return hmac.digest(seat.encode(), session.encode("utf-8", "surrogatepass"), "sha256").hex()[:LENGTH]


def _find_in_user_id(user: str) -> str | None:
    """The session in Claude Code's user id, which is JSON or, in older versions, ends with the session."""
    if user.startswith("{"):
        try:
            fields = json.loads(user)
        except (ValueError, RecursionError):
            return None
        session = fields.get("session_id")
        return session if isinstance(session, str) else None
    found = _IN_USER_ID.search(user)
    return found[1] if found else None
