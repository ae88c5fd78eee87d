"""What makes two requests equal: every byte that goes up, and whoever it goes up for."""

from hashlib import sha256

from passenger.account.principal import ANYONE, Principal
from passenger.chat.cache_control import CacheScope
from passenger.copilot.call import Call


def cache_owner(principal: Principal | None, seat: str, scope: CacheScope) -> str:
    """Whose it is what is kept for a principal."""
    who = principal or ANYONE
    match scope:
        case "user":
            return f"{seat}/{who.user or who.name}"
        case "key":
            return f"{seat}/{who.key or who.name}"
        case "seat":
            return seat


def call_digest(call: Call, owner: str, *, body: bytes | None = None) -> bytes:
    """The key of a call; `body` stands for its own."""
    facts = (call.seat, owner, call.operation.value, call.path, call.model)
    headers = (f"{name.lower()}:{value}" for name, value in sorted(call.headers.items()))
    texts = (text.encode("utf-8", "surrogatepass") for text in (*facts, *headers))
    parts = (*texts, call.body if body is None else body)
    hashed = sha256()
    for part in parts:
        hashed.update(b"%d:" % len(part) + part)  # so that no two lists of parts are hashed alike
    return hashed.digest()
