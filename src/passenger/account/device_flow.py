"""GitHub's device flow (https://www.rfc-editor.org/rfc/rfc8628) as a generator of steps, without any I/O.

Post(url, form)     -> the answer's body, or a network Failure thrown in
ShowCode(code, url) -> nothing; a person must see it
Wait(seconds)       -> nothing

It returns the granted login, or raises a Failure that says why there is none.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import assert_never

import msgspec
from msgspec import Struct

from passenger.errors import Failure, Kind
from passenger.secret import Secret

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "read:user"

SLOW_DOWN = 5.0
"""Seconds that `slow_down` adds to the interval if GitHub names no new one (RFC 8628, 3.5)."""

FIRST_TRIES = 4
"""Tries of the first request while the network fails; later ones are repeated until the code expires."""


@dataclass(frozen=True, slots=True)
class Post:
    """Send this form as JSON."""

    url: str
    form: dict[str, str]


@dataclass(frozen=True, slots=True)
class ShowCode:
    """Show the user that `code` must be entered at `url` within `expires_in` seconds."""

    code: str
    url: str
    expires_in: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait some seconds; `left` is how long the code is still valid."""

    seconds: float
    left: float


DeviceStep = Post | ShowCode | Wait
DeviceFlow = Generator[DeviceStep, bytes | None, "Granted"]


class Granted(Struct, frozen=True):
    """The login that the flow ends with."""

    token: Secret
    token_type: str
    scope: str


class _Code(Struct):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float = 900.0
    interval: float = 5.0


class _Poll(Struct):
    access_token: str | None = None
    token_type: str = "bearer"  # noqa: S105 - OAuth's name for a kind of token
    scope: str = ""
    error: str | None = None
    error_description: str | None = None
    interval: float | None = None


_ENDED = {
    "expired_token": "the code has expired before it was entered; log in again",
    "access_denied": "the login was cancelled on GitHub's page",
    "incorrect_device_code": "GitHub does not know the code it gave; log in again",
    "incorrect_client_credentials": "GitHub does not know [github] client_id",
    "unsupported_grant_type": "GitHub does not offer the device flow at [github] oauth_token_url",
    "device_flow_disabled": "the device flow is switched off for [github] client_id",
}


def device_flow(*, client_id: str, device_code_url: str, oauth_token_url: str) -> DeviceFlow:
    """The steps of one login.

    Raises:
        Failure: it was denied, it expired, or GitHub could not be reached.
    """
    code = yield from _request_code(device_code_url, client_id)
    yield ShowCode(code.user_code, code.verification_uri, code.expires_in)
    poll = Post(oauth_token_url, {"client_id": client_id, "device_code": code.device_code, "grant_type": GRANT_TYPE})
    interval, left = max(code.interval, 0.0), code.expires_in
    while left > 0:
        yield Wait(interval, left)
        left -= interval
        match (yield from _poll(poll)):
            case Granted() as granted:
                return granted
            case None:
                pass
            case float() as slower:
                interval = max(slower, interval + SLOW_DOWN)
            case other:
                assert_never(other)
    raise _end_failure("expired_token", None)


def _request_code(url: str, client_id: str) -> Generator[DeviceStep, bytes | None, _Code]:
    body = yield from _post_first(Post(url, {"client_id": client_id, "scope": SCOPE}))
    try:
        return msgspec.json.decode(body, type=_Code)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        said = body.decode("utf-8", "replace").strip()[:200]
        message = f"GitHub gave no device code; is [github] client_id right? It said: {said or 'nothing'}"
        raise Failure(Kind.UPSTREAM, message, code="login_failed") from error


def _post_first(post: Post) -> Generator[DeviceStep, bytes | None, bytes]:
    """The answer to the first request, repeated with growing pauses while the network fails."""
    for tried in range(1, FIRST_TRIES):
        try:
            return (yield post) or b""
        except Failure:
            pause = float(2 ** (tried - 1))
            yield Wait(pause, pause)
    return (yield post) or b""


def _poll(post: Post) -> Generator[DeviceStep, bytes | None, Granted | float | None]:
    """The login, a slower interval that GitHub asks for, or None if there is no login yet or the network failed."""
    try:
        body = (yield post) or b""
        answer = msgspec.json.decode(body, type=_Poll)
    except (Failure, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if answer.access_token:
        return Granted(Secret(answer.access_token), answer.token_type, answer.scope)
    match answer.error:
        case "authorization_pending" | None:
            return None
        case "slow_down":
            return answer.interval or 0.0
        case error:
            raise _end_failure(error, answer.error_description)


def _end_failure(error: str, description: str | None) -> Failure:
    message = _ENDED.get(error) or f"GitHub ended the login: {description or error}"
    return Failure(Kind.LOGIN, message, code=error)
