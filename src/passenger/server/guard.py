"""Decides who is admitted: the first check of a request, before its route and its body.

    Host            one, and ours; otherwise a page could reach us by DNS rebinding                    400, 421
    Origin          ours or in [server] allowed_origins                                                403
    Sec-Fetch-Site  not a request that a page of another site makes without an Origin                  403
    key             one of ours, if any are set or there is a team                                     400, 401, 403

and, for routes that take JSON (`check_media_type`):

    Content-Type    JSON: form types are sent cross-origin without a preflight                         415

A program may leave the type out, and on Ollama's routes send a form type, as curl does: no browser posts without an
`Origin` or a `Sec-Fetch-*` header ([Fetch](https://fetch.spec.whatwg.org/#origin-header)).
"""

import re
import time
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import Scope

from passenger.account.principal import ANYONE, STRANGER, Principal
from passenger.errors import Failure, Kind
from passenger.net.hosts import LONGEST, is_address, is_this_machine, read_host
from passenger.observe import records
from passenger.server.api_keys import ApiKeys, presented_keys
from passenger.server.http.request_reader import TARGET
from passenger.server.http.response_head import Header
from passenger.server.http.stream import RawHeaders
from passenger.server.pages import protection
from passenger.server.scope import JOIN
from passenger.server.wrong_keys import WrongKeys
from passenger.team.key_format import digest_of, is_well_formed
from passenger.team.key_ring import HeldKey, KeyRing
from passenger.team.key_source import KeySource

OPEN = frozenset({"/", "/health", "/livez", "/readyz", "/v1/passenger/hello"}) | protection.OPEN
"""Paths that need no key. They tell nothing, or ask for a key themselves, as the page does."""

GUESSES = 30
"""Wrong keys that one peer may show within a minute before it is told to wait."""

PRINCIPAL = "passenger.principal"
"""The scope's key for who asks."""

_ONCE = (b"host", b"authorization", b"content-type", b"origin", b"x-api-key", b"x-goog-api-key", b"content-encoding")
_JSON = re.compile(rb"application/(?:json|[a-z0-9.!#$&^_-]+\+json)[ \t]*(?:;.*)?", re.IGNORECASE)
_LAUNCHED = re.compile(rb"%b([0-9a-f]{%d})(?![0-9A-Za-z])" % (records.LAUNCH_KEY.encode(), records.TAG_LENGTH))
LAUNCH_KEY = records.LAUNCH_KEY.encode()
_TAGGED = (b"authorization", b"x-api-key", b"x-goog-api-key")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_WRONG_KEY = (("www-authenticate", "Bearer"), ("x-should-retry", "false"))
"""Claude Code would try a key that is refused for minutes, and say nothing."""
_FOREIGN = frozenset({b"cross-site", b"same-site"})
_FORM = b"application/x-www-form-urlencoded"
_OLLAMA = ("/api/", "/v1/api/")


class Guard:
    """Admits requests for one of `hosts`, from pages of `origins` or of this server, with one of the keys.

    An `exposed` server listens beyond this machine and accepts any IP address as `Host`: DNS cannot redirect those.
    """

    def __init__(
        self,
        keys: ApiKeys | None = None,
        *,
        team: KeySource | None = None,
        clock: Callable[[], float] = time.time,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        exposed: bool = False,
    ) -> None:
        self.keys = keys or ApiKeys()
        self._team = team
        self._clock = clock
        self._wrong = WrongKeys(GUESSES)
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)
        self._exposed = exposed
        self._known_hosts = lru_cache(maxsize=64)(self._is_known_host)

    def check(self, scope: Scope, headers: RawHeaders) -> Principal:
        """Admit a request, and return who asks.

        Raises:
            Failure: it is refused; the message names the setting or header that would help.
        """
        if len(headers) != len(scope["headers"]):
            _check_once(scope["headers"])
        self._check_host(scope, headers)
        if b"origin" in headers or b"sec-fetch-site" in headers:
            self._check_origin(scope, headers)
        return self._check_key(scope, headers)

    def allowed_origin(self, headers: RawHeaders) -> bytes | None:
        """The origin of a listed page, which may read the answer; None for all others."""
        if not self._origins:
            return None
        origin = headers.get(b"origin")
        return origin if origin is not None and self._is_listed(origin) else None

    # --- the checks --------------------------------------------------------------------------------------------------

    def _check_host(self, scope: Scope, headers: RawHeaders) -> None:
        host = headers.get(b"host")
        if host is None:
            raise Failure(Kind.INVALID, "the request has no Host header", code="host_missing")
        if not self._is_ours(host):
            raise _wrong_host(host)
        if TARGET in scope and not self._is_ours(_authority(scope[TARGET])):
            raise _wrong_host(_authority(scope[TARGET]))

    def _is_ours(self, value: bytes) -> bool:
        return len(value) <= LONGEST and self._known_hosts(value)

    def _is_known_host(self, value: bytes) -> bool:
        host = read_host(value)
        if host is None:
            return False
        return is_this_machine(host) or host in self._hosts or (self._exposed and is_address(host))

    def _check_origin(self, scope: Scope, headers: RawHeaders) -> None:
        origin = headers.get(b"origin")
        if origin is not None:
            if not self._is_listed(origin) and not protection.is_same(origin, headers[b"host"]):
                raise _foreign_page(_repr(origin))
        elif headers.get(b"sec-fetch-site", b"").lower() in _FOREIGN and not _follows_invite(scope, headers):
            message = "a page of another site asked for this, without saying which"
            raise Failure(Kind.FORBIDDEN, message, code="cross_site")

    def _is_listed(self, origin: bytes) -> bool:
        return origin.decode("latin-1").lower() in self._origins

    def _check_key(self, scope: Scope, headers: RawHeaders) -> Principal:
        ring = self.ring()
        if ring is None and not self.keys:
            return _anyone(headers)
        found = self._holders(ring, scope, headers)
        if len(found) > 1:
            raise Failure(Kind.INVALID, "the request shows two different keys: send one of them", code="two_keys")
        if found:
            (principal,) = found
            _check_address(principal, scope)
            return principal
        if scope["path"] in OPEN or scope["path"].startswith(JOIN) or is_preflight(scope):
            return STRANGER
        raise self._wrong_key(scope, headers)

    def _holders(self, ring: KeyRing | None, scope: Scope, headers: RawHeaders) -> Collection[Principal]:
        """Whose keys are shown, each once."""
        now, found = self._clock(), dict[str, Principal]()
        for key in presented_keys(headers, scope["query_string"]):
            held = self._find_held(ring, key, now)
            if held is not None:
                found[held.principal.key] = held.principal
            elif self.keys and (digest := self.keys.recognize(key)) is not None:
                found[digest.hex()] = _key_holder(digest)
        return found.values()

    def _find_held(self, ring: KeyRing | None, key: bytes, now: float) -> HeldKey | None:
        """A key of the team. For one that is not known the file is looked at anew, so that a new key works at once."""
        if self._team is None:
            return None
        held = ring.find(key, now) if ring is not None else None
        if held is None and is_well_formed(key):
            self._team.look_again()
            ring = self._team.ring()
            held = ring.find(key, now) if ring is not None else None
        return held

    def _wrong_key(self, scope: Scope, headers: RawHeaders) -> Failure:
        """The refusal of a request without a key that is accepted; of very many wrong ones, one that says to wait."""
        message = (
            f"this Passenger wants one of its own API keys ({', '.join(self.key_sources)}), sent as "
            "Authorization: Bearer, x-api-key, x-goog-api-key or ?key="
        )
        refused = Failure(Kind.LOGIN, message, code="invalid_api_key", headers=_WRONG_KEY)
        peer = peer_of(scope)
        if not any(presented_keys(headers, scope["query_string"])):
            return refused
        if (left := self._wrong.wait(peer)) > 0:
            return refused.but(status=429, retry_after=str(int(left) + 1))
        self._wrong.note(peer)
        return refused

    # --- keys --------------------------------------------------------------------------------------------------------

    def ring(self) -> KeyRing | None:
        """The keys of the team as they are now; None without a team."""
        return self._team.ring() if self._team is not None else None

    @property
    def needs_key(self) -> bool:
        """Whether nobody is let in without a key."""
        return bool(self.keys) or self.ring() is not None

    @property
    def key_sources(self) -> Sequence[str]:
        """The settings that hold accepted keys, and the command that makes them."""
        team = ("passenger keys create",) if self.ring() is not None else ()
        return (*(f"[server] {name}" for name in self.keys.settings), *team)

    @property
    def trouble(self) -> str | None:
        """Why some keys are not accepted just now."""
        return self.keys.trouble or (self._team.trouble if self._team is not None else None)

    def recognize_viewer(self, key: bytes, peer: str) -> bytes | None:
        """The digest of a key whose holder may see the server from a peer's address, None for any other."""
        held = self._find_held(self.ring(), key, self._clock())
        if held is not None:
            return digest_of(key) if _may_look(held, peer) else None
        return self.keys.recognize(key)

    def viewers(self, peer: str) -> Collection[bytes]:
        """The digests of all keys whose holders may see the server from a peer's address."""
        ring = self.ring()
        if ring is None:
            return self.keys.digests()
        now = self._clock()
        team = (digest for digest, held in ring.held.items() if now < held.until and _may_look(held, peer))
        return (*self.keys.digests(), *team)


def _may_look(held: HeldKey, peer: str) -> bool:
    scope = held.principal.scope
    return held.principal.sees_server and (scope is None or scope.allows_address(peer))


def _follows_invite(scope: Scope, headers: RawHeaders) -> bool:
    """Whether somebody has clicked a link by which they join, as in their mail; to look at it does nothing."""
    is_navigation = headers.get(b"sec-fetch-mode", b"").lower() == b"navigate"
    return is_navigation and scope["method"] == "GET" and scope["path"].startswith(JOIN)


def _check_address(principal: Principal, scope: Scope) -> None:
    if principal.scope is not None and not principal.scope.allows_address(peer_of(scope)):
        message = f"the key {principal.shown} may not be used from this address"
        raise Failure(Kind.FORBIDDEN, message, code="address_not_allowed")


def peer_of(scope: Scope) -> str:
    """The address that a request came from, empty for a Unix socket."""
    peer = scope.get("client")
    return str(peer[0]) if peer else ""


def _anyone(headers: RawHeaders) -> Principal:
    """Anyone, tagged with the run of `passenger launch` that gave the client its key."""
    for name in _TAGGED:
        if (value := headers.get(name)) is not None and LAUNCH_KEY in value:
            return _launch_principal(value)
    return ANYONE


@lru_cache(64)
def _launch_principal(value: bytes) -> Principal:
    match = _LAUNCHED.search(value)
    return replace(ANYONE, tag=match[1].decode()) if match else ANYONE


@lru_cache(64)
def _key_holder(digest: bytes) -> Principal:
    """The holder of a key, named by the beginning of its digest, as in the log."""
    return Principal(f"key {digest.hex()[:8]}")


def principal_of(scope: Scope) -> Principal:
    """Who asks, for a request that was admitted."""
    principal: Principal = scope[PRINCIPAL]
    return principal


def is_known(scope: Scope) -> bool:
    """Whether the asker may be told more than a stranger."""
    return principal_of(scope).is_known


def sees_server(scope: Scope) -> bool:
    """Whether the asker may look at the server, and at what others ask."""
    return principal_of(scope).sees_server


def check_sees_server(scope: Scope) -> None:
    """See that the asker may look at the server, and at what others ask.

    Raises:
        Failure: it is a team member's own key.
    """
    if not sees_server(scope):
        message = "this shows what others ask, too: it wants a key for administration (`passenger keys create --admin`)"
        raise Failure(Kind.FORBIDDEN, message, code="not_for_members")


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks what a page may ask."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


def _check_once(pairs: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in pairs]
    twice = next((name for name in _ONCE if names.count(name) > 1), None)
    if twice is not None:
        message = f"the request has more than one {twice.decode()} header"
        raise Failure(Kind.INVALID, message, code="duplicate_header")


def check_media_type(path: str, headers: RawHeaders) -> None:
    """Require a JSON media type: form types are sent cross-origin without a preflight.

    Raises:
        Failure: the body has another type, or is compressed.
    """
    if headers.get(b"content-encoding", b"identity").lower() not in {b"identity", b""}:
        message = "send the body as it is: no content-encoding is understood"
        raise Failure(Kind.MEDIA_TYPE, message, code="content_encoding_not_supported")
    if b"content-type" not in headers and b"transfer-encoding" not in headers and _is_empty(headers):
        return
    media = headers.get(b"content-type")
    if media == b"application/json":  # as nearly all say it
        return
    if (media is None or not _JSON.fullmatch(media.strip())) and not _is_sent_by_program(path, media, headers):
        raise Failure(Kind.MEDIA_TYPE, "send the header content-type: application/json", code="media_type")


def _is_sent_by_program(path: str, media: bytes | None, headers: RawHeaders) -> bool:
    """Whether another type is one that programs send, and the request is not a browser's.

    litellm and aider post to Ollama's routes without any type, Ollama's own examples are `curl -d` (seen 2026-11).
    """
    if media is not None and not (media.lower() == _FORM and path.startswith(_OLLAMA)):
        return False
    return not any(name == b"origin" or name.startswith(b"sec-fetch-") for name in headers)


def _is_empty(headers: RawHeaders) -> bool:
    return headers.get(b"content-length", b"0").strip(b"0 ") == b""


def _authority(target: bytes) -> bytes:
    match = _ABSOLUTE.match(target)
    return match[1] if match else b""


def _wrong_host(host: bytes) -> Failure:
    name = read_host(host)
    if name is None:
        message = f"Host {_repr(host)} is no plain name or address, which alone [server] allowed_hosts may name."
        return Failure(Kind.INVALID, message, status=421, code="host_not_allowed")
    name = f"[{name}]" if ":" in name else name
    what = f"PASSENGER_SERVER_ALLOWED_HOSTS={name} (or [server] allowed_hosts)"
    message = f"Host '{name}' is not allowed. Add it: {what}."
    return Failure(Kind.INVALID, message, status=421, code="host_not_allowed")


def _foreign_page(origin: str) -> Failure:
    message = f"pages of {origin} may not ask here; [server] allowed_origins may name it"
    return Failure(Kind.FORBIDDEN, message, code="origin_not_allowed")


def _repr(value: bytes) -> str:
    return repr(value[:80].decode("latin-1"))


# --- CORS ------------------------------------------------------------------------------------------------------------

METHODS = "GET, POST, DELETE"
EXPOSED = (
    "x-request-id, x-passenger-route, x-passenger-dropped, retry-after, x-passenger-credits, x-passenger-cost-usd, "
    "x-passenger-cost-source, x-passenger-premium-requests, x-passenger-cache"
)
TOLD_FOR = "600"
"""Seconds that a browser may cache the answer to a preflight."""


def preflight(scope: Scope) -> Response:
    """The answer to the preflight of a listed page; `readable_by` adds its origin."""
    wanted = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), b"")
    headers = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": wanted.decode("latin-1"),
        "access-control-max-age": TOLD_FOR,
    }
    return Response(status_code=204, headers=headers)


def readable_by(origin: bytes) -> list[Header]:
    """The headers of an answer that a page of this origin may read."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED.encode()),
        (b"vary", b"origin"),
    ]
