"""What GitHub grants: a token, its times and its date, and the answers of a login by device code."""

import math
import re
from contextlib import suppress

from passenger.account.device_flow import Granted, Post, ShowCode, Wait, device_flow
from passenger.account.protocol import read_grant
from passenger.account.token import Login, LoginSource, token_from_grant
from passenger.errors import Failure
from passenger.secret import Secret

_SENDABLE = re.compile(r"[!-~]+")
_LONGEST = 1000
_NOW = 1.79e9


def one(data: bytes) -> None:
    """Read the same answer, with a date before it, as a grant and as each answer of a login."""
    date, _, body = data.partition(b"\n")
    with suppress(Failure):
        _granted(body, date.decode("latin-1"))
    with suppress(Failure):
        _log_in(body)


def _granted(body: bytes, date: str) -> None:
    """A token is good for some time that is finite, or for none."""
    grant = read_grant(body, {"date": date})
    token = token_from_grant(grant, Login(Secret("ghu_x"), LoginSource.SAVED, "a file"), _NOW)
    assert _SENDABLE.fullmatch(token.bearer.reveal())
    assert math.isfinite(token.expires_at)
    assert token.refresh_at <= token.expires_at


def _log_in(body: bytes) -> None:
    """Every step can be carried out; a login that was granted can be kept."""
    flow = device_flow(client_id="x", device_code_url="https://a", oauth_token_url="https://b")
    answer: bytes | None = None
    try:
        for _ in range(_LONGEST):
            match flow.send(answer):
                case Post():
                    answer = body
                case ShowCode(code, url, _):
                    assert isinstance(code, str)
                    assert isinstance(url, str)
                    answer = None
                case Wait(seconds, left):
                    assert math.isfinite(seconds)
                    assert left > 0
                    answer = None
    except StopIteration as end:
        assert isinstance(end.value, Granted)
