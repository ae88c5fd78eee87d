"""Who is let in at all: the first thing that looks at a request, before its route and before any of its body.

    Host            one, and ours: else a page could reach us by a name of its own (DNS rebinding)     400, 421
    Origin          the page's own server must be us or on the list                                    403
    Sec-Fetch-Site  what a page of another site makes a browser send without an Origin                 403
    key             one of ours, where there are any                                                   401

and, where a route wants JSON (`check_media_type`):

    Content-Type    JSON: the types that a form can send need no preflight                             415

A program may leave the type unsaid, and Ollama's may send a form's, as curl does: no browser posts without an `Origin`
or a `Sec-Fetch-*` header ([Fetch](https://fetch.spec.whatwg.org/#origin-header)).
"""

import re
from collections.abc import Collection
from functools import lru_cache

from msgspec.structs import replace

from passenger.account.principal import ANYONE, STRANGER, Principal
from passenger.authority import LONGEST, is_address, is_this_machine, read_host
from passenger.control import records
from passenger.errors import Failure, Kind
from passenger.server.connection import TARGET
from passenger.server.stream import Scope
from passenger.web.keys import Keys
from passenger.web.pages import paths as page_paths

OPEN = frozenset({"/", "/health", "/livez", "/readyz", "/v1/passenger/hello"}) | page_paths.OPEN
"""What is answered without a key, with no more than its word; the page asks for one by itself."""

PRINCIPAL = "passenger.principal"
"""The scope's key for who asks."""

_ONCE = (b"host", b"authorization", b"content-type", b"origin", b"x-api-key", b"x-goog-api-key", b"content-encoding")
_JSON = re.compile(rb"application/(?:json|[a-z0-9.!#$&^_-]+\+json)[ \t]*(?:;.*)?", re.IGNORECASE)
_LAUNCHED = re.compile(rb"%b([0-9a-f]{%d})(?![0-9A-Za-z])" % (records.LAUNCH_KEY.encode(), records.TAG_LENGTH))
LAUNCH_KEY = records.LAUNCH_KEY.encode()
_TAGGED = (b"authorization", b"x-api-key", b"x-goog-api-key")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_FOREIGN = frozenset({b"cross-site", b"same-site"})
_FORM = b"application/x-www-form-urlencoded"
_OLLAMA = ("/api/", "/v1/api/")

Headers = dict[bytes, bytes]


class Guard:
    """What is let in: by which `hosts` we may be called, pages of which `origins` may ask, and with which keys.

    An `exposed` server listens beyond this machine; it may be called by any address, which no name server can move.
    """

    def __init__(
        self,
        keys: Keys | None = None,
        *,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        exposed: bool = False,
    ) -> None:
        self._keys = keys or Keys()
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)
        self._exposed = exposed
        self._known_hosts = lru_cache(maxsize=64)(self._knows_host)

    def check(self, scope: Scope) -> Principal:
        """Let a request in, and say who asks.

        Raises:
            Failure: it is not let in; the message names the setting or the header that would help.
        """
        pairs = scope["headers"]
        headers: Headers = dict(pairs)
        if len(headers) != len(pairs):
            _check_once(pairs)
        self._check_host(scope, headers)
        if b"origin" in headers or b"sec-fetch-site" in headers:
            self._check_origin(headers)
        return self._check_key(scope, headers)

    @property
    def keys(self) -> Keys:
        """The keys that are let in."""
        return self._keys

    @property
    def wants_key(self) -> bool:
        """Whether clients must show a key."""
        return bool(self._keys)

    @property
    def trouble(self) -> str | None:
        """Why keys that are set are not let in, None while they are."""
        return self._keys.trouble

    def allowed_origin(self, scope: Scope) -> bytes | None:
        """The origin of a page that was listed, to be told that it may read the answer."""
        if not self._origins:
            return None
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        return origin if origin is not None and self._is_listed(origin) else None

    # --- the checks ----------------------------------------------------------------------------------------------

    def _check_host(self, scope: Scope, headers: Headers) -> None:
        host = headers.get(b"host")
        if host is None:
            raise Failure(Kind.INVALID, "the request has no Host header", code="host_missing")
        if not self._is_ours(host):
            raise _misdirected(host)
        if TARGET in scope and not self._is_ours(_authority(scope[TARGET])):
            raise _misdirected(_authority(scope[TARGET]))

    def _is_ours(self, value: bytes) -> bool:
        return len(value) <= LONGEST and self._known_hosts(value)

    def _knows_host(self, value: bytes) -> bool:
        host = read_host(value)
        if host is None:
            return False
        return is_this_machine(host) or host in self._hosts or (self._exposed and is_address(host))

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get(b"origin")
        if origin is not None:
            if not self._is_listed(origin) and not _is_same(origin, headers[b"host"]):
                raise _foreign_page(_shown(origin))
        elif headers.get(b"sec-fetch-site", b"").lower() in _FOREIGN:
            message = "a page of another site asked for this, without saying which"
            raise Failure(Kind.FORBIDDEN, message, code="cross_site")

    def _is_listed(self, origin: bytes) -> bool:
        return origin.decode("latin-1").lower() in self._origins

    def _check_key(self, scope: Scope, headers: Headers) -> Principal:
        if not self._keys:
            return _anyone(headers)
        digest = self._keys.find(headers, scope["query_string"])
        if digest is not None:
            return _holder(digest)
        if scope["path"] in OPEN or is_preflight(scope):
            return STRANGER
        message = (
            f"this Passenger wants one of its own API keys ([server] {self._keys.settings}), sent as "
            "Authorization: Bearer, x-api-key, x-goog-api-key or ?key="
        )
        raise Failure(Kind.LOGIN, message, code="invalid_api_key", headers=(("www-authenticate", "Bearer"),))


def _anyone(headers: Headers) -> Principal:
    """Anyone, by the run of `passenger launch` where that has given the client a key: any will do."""
    for name in _TAGGED:
        if (value := headers.get(name)) is not None and LAUNCH_KEY in value:
            return _launched(value)
    return ANYONE


@lru_cache(64)
def _launched(value: bytes) -> Principal:
    match = _LAUNCHED.search(value)
    return replace(ANYONE, tag=match[1].decode()) if match else ANYONE


@lru_cache(64)
def _holder(digest: bytes) -> Principal:
    """Whoever holds a key, named by the beginning of its digest as the log names one."""
    return Principal(f"key {digest.hex()[:8]}")


def principal_of(scope: Scope) -> Principal:
    """Who asks, of a request that was let in."""
    principal: Principal = scope[PRINCIPAL]
    return principal


def is_known(scope: Scope) -> bool:
    """Whether the asker may be told more than a stranger."""
    return principal_of(scope).is_known


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


def check_media_type(scope: Scope) -> None:
    """Let a request in that a route for JSON may read: the types that a form can send need no preflight.

    Raises:
        Failure: its body is something else, or packed.
    """
    headers: Headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity").lower() not in {b"identity", b""}:
        message = "send the body as it is: no content-encoding is understood"
        raise Failure(Kind.MEDIA_TYPE, message, code="content_encoding_not_supported")
    if b"content-type" not in headers and b"transfer-encoding" not in headers and _is_empty(headers):
        return
    media = headers.get(b"content-type")
    if media == b"application/json":  # as nearly all say it
        return
    if (media is None or not _JSON.fullmatch(media.strip())) and not _is_a_programs(scope["path"], media, headers):
        raise Failure(Kind.MEDIA_TYPE, "send the header content-type: application/json", code="media_type")


def _is_a_programs(path: str, media: bytes | None, headers: Headers) -> bool:
    """Whether a type that is not JSON's is one that programs send, and no browser has sent it.

    litellm and aider post to Ollama's routes without any type, Ollama's own examples are `curl -d` (seen 2026-11).
    """
    if media is not None and not (media.lower() == _FORM and path.startswith(_OLLAMA)):
        return False
    return not any(name == b"origin" or name.startswith(b"sec-fetch-") for name in headers)


def _is_empty(headers: Headers) -> bool:
    return headers.get(b"content-length", b"0").strip(b"0 ") == b""


def _authority(target: bytes) -> bytes:
    match = _ABSOLUTE.match(target)
    return match[1] if match else b""


def _is_same(origin: bytes, host: bytes) -> bool:
    """Whether a page is from the very server that it asks, which we have found to be us."""
    scheme, _, authority = origin.lower().partition(b"://")
    return scheme in {b"http", b"https"} and authority == host.lower()


def _misdirected(host: bytes) -> Failure:
    name = read_host(host)
    if name is None:
        message = f"Host {_shown(host)} is no plain name or address, which alone [server] allowed_hosts may name."
        return Failure(Kind.INVALID, message, status=421, code="host_not_allowed")
    name = f"[{name}]" if ":" in name else name
    what = f"PASSENGER_SERVER_ALLOWED_HOSTS={name} (or [server] allowed_hosts)"
    message = f"Host '{name}' is not allowed. Add it: {what}."
    return Failure(Kind.INVALID, message, status=421, code="host_not_allowed")


def _foreign_page(origin: str) -> Failure:
    message = f"pages of {origin} may not ask here; [server] allowed_origins may name it"
    return Failure(Kind.FORBIDDEN, message, code="origin_not_allowed")


def _shown(value: bytes) -> str:
    return repr(value[:80].decode("latin-1"))
