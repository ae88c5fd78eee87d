"""How Copilot wants to be asked and what its answers mean, without any network.

None of this is a published contract. The facts were collected in `docs/upstream.md`.
"""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from passenger.account.protocol import LOG_IN
from passenger.copilot.call import Call, Operation
from passenger.dialects.copilot_errors import recognize_overflow
from passenger.errors import STATUS, Failure, Kind, ResponseHeaders, kind_of
from passenger.net.error_text import LONGEST_READ, body_text, harmless, is_harmless

PASSED_DOWN = frozenset(
    {
        "retry-after",
        "x-request-id",
        "x-github-request-id",
        "x-copilot-service-request-id",
        "x-ratelimit-exceeded",
        "x-usage-ratelimit-session",
        "x-usage-ratelimit-weekly",
        "x-quota-snapshot-chat",
        "x-quota-snapshot-completions",
        "x-quota-snapshot-premium_interactions",
        "x-quota-snapshot-premium_models",
    }
)
"""The headers of an upstream answer that a client gets to see; all others stay here."""


# --- asking ------------------------------------------------------------------------------------------------------


def call_headers(call: Call) -> dict[str, str]:
    """The headers that tell Copilot what kind of request this is, truthfully."""
    headers = {"Accept": "text/event-stream" if call.stream else "application/json"}
    if call.operation is not Operation.LIST_MODELS:
        headers["Content-Type"] = "application/json"
    if call.operation is Operation.CHAT:
        headers["OpenAI-Intent"] = "conversation-agent" if call.is_agents else "conversation-panel"
        headers["X-Initiator"] = call.initiator.value
    if call.vision:  # a picture to be answered or to be counted
        headers["Copilot-Vision-Request"] = "true"
    return {**headers, **call.headers}


# --- errors of the Copilot API -----------------------------------------------------------------------------------


class _Error(Struct):
    message: str | dict[str, object] | None = None
    code: str | int | None = None
    param: str | None = None
    type: str | None = None


class _Envelope(Struct):
    error: _Error | str | None = None
    message: str | None = None


def read_copilot_failure(status: int, headers: Mapping[str, str], body: bytes, log_in: str = LOG_IN) -> Failure:
    """An error answer of the Copilot API as it was meant: JSON whatever its content type says, text, or a web page.

    A status that is none of HTTP's (some servers say 999) becomes a 502. `log_in` says how to log in.
    """
    error = _read_error(body)
    message = error.message if isinstance(error.message, str) else body_text(body)
    message = message[:LONGEST_READ] or f"Copilot answered {status} without a word"
    status = status if 400 <= status < 600 else STATUS[Kind.UPSTREAM]
    kind = kind_of(status)
    if kind is Kind.LOGIN:
        message = f"{message} ({log_in} if this lasts)"
    failure = Failure(
        kind,
        message,
        status=status,
        code=str(error.code) if error.code not in (None, "") else None,
        param=error.param or None,
        type=error.type or None,
        retry_after=harmless(headers.get("retry-after")),
        headers=passed_down(headers.items()),
    )
    return recognize_overflow(failure) if kind in {Kind.INVALID, Kind.TOO_LARGE} else failure


def passed_down(headers: Iterable[tuple[str, str]]) -> ResponseHeaders:
    """The upstream headers that a client gets to see, of those with lower-case names; an odd value is left out."""
    return tuple([(name, value) for name, value in headers if name in PASSED_DOWN and is_harmless(value)])


def _read_error(body: bytes) -> _Error:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Error()
    match envelope.error:
        case _Error() as error:
            return error
        case str() as text:
            return _Error(message=text)
        case _:
            return _Error(message=envelope.message)
