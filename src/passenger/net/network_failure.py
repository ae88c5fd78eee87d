"""Turns a network error into a `Failure` that tells a person which step failed with which host, and what to do."""

import os
import ssl

from passenger.errors import Failure, Kind
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    Hop,
    IncompleteBodyError,
    InvalidUrlError,
    ProxyRefusedError,
    UnconnectedError,
)

_CLOCK = "is the clock of this machine right?"
_BUNDLE = "if a company's proxy re-signs TLS here, give its certificate with --ca-bundle"
_NAME = "something in between answers in its place, or the URL is wrong"

_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME, _WRONG_ADDRESS = 62, 64
_CERTIFICATE: dict[int, tuple[str, str]] = {
    _EXPIRED: ("has expired", _CLOCK),
    _NOT_YET: ("is not valid yet", _CLOCK),
    _WRONG_NAME: ("is for another name", _NAME),
    _WRONG_ADDRESS: ("is for another address", _NAME),
}
"""The meaning of OpenSSL's verify codes (x509_vfy.h), and a hint; all other codes are about the signer."""


def network_failure(error: Exception, host: str, kind: Kind = Kind.UPSTREAM) -> Failure:
    """The failure for a network error, with the layer that failed and the host."""
    match error:
        case UnconnectedError():
            return connect_failure(error, host, kind)
        case TimeoutError():
            kind, code, message = Kind.TIMEOUT, "upstream_timeout", f"{host} did not answer in time"
        case DisconnectedError():
            code, message = "upstream_disconnected", f"{host} closed the connection without an answer"
        case IncompleteBodyError():
            code, message = "stream_broken", f"{host} broke off in the middle of its answer"
        case BrokenConnectionError() | OSError():
            code, message = "upstream_disconnected", f"the connection to {host} broke: {reason_of(error)}"
        case InvalidUrlError():
            code, message = "upstream_unreachable", f"{host} cannot be reached: {error}"
        case _:
            code, message = "upstream_protocol", f"{host} answered what is not HTTP: {reason_of(error)}"
    return Failure(kind, message, code=code)


def connect_failure(error: UnconnectedError, host: str, kind: Kind) -> Failure:
    """The failure for a connection that could not be made."""
    hop, code = error.hop, "upstream_unreachable"
    match error.cause:
        case TimeoutError():
            kind, code, message = Kind.TIMEOUT, "upstream_timeout", _timeout_text(hop, host)
        case ProxyRefusedError() as refusal:
            message = _refusal_text(hop, host, refusal)
        case ssl.SSLCertVerificationError() as reason:
            message = _certificate_text(hop, reason)
        case _ if hop.step == "CONNECT":
            message = f"{_peer_text(hop)} closed the connection instead of connecting us to {host}"
        case cause:
            message = f"{_STEP_TEXT[hop.step].format(who=_peer_text(hop))}: {reason_of(cause)}"
    return Failure(kind, message, code=code)


_STEP_TEXT = {
    "DNS": "the name of {who} cannot be resolved (DNS)",
    "TCP": "{who} cannot be reached (TCP)",
    "TLS": "no secure connection to {who} (TLS)",
}


def _peer_text(hop: Hop) -> str:
    return f"the proxy {hop.peer}" if hop.with_proxy else hop.peer


def _timeout_text(hop: Hop, host: str) -> str:
    if hop.step == "CONNECT":
        return f"{_peer_text(hop)} took too long to connect us to {host}"
    return f"connecting to {_peer_text(hop)} took too long ({hop.step})"


def _refusal_text(hop: Hop, host: str, refusal: ProxyRefusedError) -> str:
    answer = f"{refusal.status} {refusal.reason[:100]}".strip()
    hint = "; user and password of the proxy belong into the variable that names it" if refusal.status == 407 else ""
    return f"{_peer_text(hop)} refused to connect us to {host}: {answer}{hint}"


def _certificate_text(hop: Hop, reason: ssl.SSLCertVerificationError) -> str:
    what, hint = _CERTIFICATE.get(reason.verify_code, ("is not trusted", _BUNDLE))
    return f"the certificate of {_peer_text(hop)} {what} (TLS): {reason.verify_message}; {hint}"


def reason_of(cause: Exception) -> str:
    """The system's reason. asyncio replaces it by "Connect call failed ('127.0.0.1', 80)", which is undone."""
    if isinstance(cause, OSError) and cause.errno and str(cause.strerror).startswith("Connect call failed"):
        return os.strerror(cause.errno)
    return (cause.strerror if isinstance(cause, OSError) else "") or str(cause) or type(cause).__name__
