"""What network errors mean for a person."""

import os
import ssl

import pytest

from passenger.errors import Kind
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    Hop,
    IncompleteBodyError,
    InvalidUrlError,
    ProtocolError,
    ProxyRefusedError,
    StaleConnectionError,
    UnconnectedError,
)
from passenger.net.network_failure import network_failure

PROXY = "proxy.corp:3128 (HTTPS_PROXY)"
MEANINGS: dict[str, tuple[Exception, str, str]] = {
    "late": (TimeoutError(), "upstream_timeout", "x.test did not answer in time"),
    "closed": (DisconnectedError(), "upstream_disconnected", "x.test closed the connection without an answer"),
    "stale": (StaleConnectionError(), "upstream_disconnected", "x.test closed the connection without an answer"),
    "cut": (IncompleteBodyError(), "stream_broken", "x.test broke off in the middle of its answer"),
    "reset": (BrokenConnectionError("no more"), "upstream_disconnected", "the connection to x.test broke: no more"),
    "system": (OSError(5, "bad luck"), "upstream_disconnected", "the connection to x.test broke: bad luck"),
    "junk": (ProtocolError("SSH"), "upstream_protocol", "x.test answered what is not HTTP: SSH"),
    "url": (InvalidUrlError("no URL"), "upstream_unreachable", "x.test cannot be reached: no URL"),
    "name": (
        UnconnectedError(Hop("DNS", "x.test"), OSError(-2, "unknown")),
        "upstream_unreachable",
        "the name of x.test cannot be resolved (DNS): unknown",
    ),
    "tcp": (
        UnconnectedError(Hop("TCP", PROXY, PROXY), ConnectionRefusedError(111, "refused")),
        "upstream_unreachable",
        f"the proxy {PROXY} cannot be reached (TCP): refused",
    ),
    "refused": (
        UnconnectedError(Hop("TCP", "x.test"), ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 8082)")),
        "upstream_unreachable",
        f"x.test cannot be reached (TCP): {os.strerror(111)}",
    ),
    "tls": (
        UnconnectedError(Hop("TLS", "x.test", PROXY), ssl.SSLError(1, "no TLS")),
        "upstream_unreachable",
        "no secure connection to x.test (TLS): no TLS",
    ),
    "slow": (
        UnconnectedError(Hop("TLS", "x.test"), TimeoutError()),
        "upstream_timeout",
        "connecting to x.test took too long (TLS)",
    ),
    "slow proxy": (
        UnconnectedError(Hop("CONNECT", PROXY, PROXY), TimeoutError()),
        "upstream_timeout",
        f"the proxy {PROXY} took too long to connect us to x.test",
    ),
    "refusal": (
        UnconnectedError(Hop("CONNECT", PROXY, PROXY), ProxyRefusedError(403, "x" * 200)),
        "upstream_unreachable",
        f"the proxy {PROXY} refused to connect us to x.test: 403 {'x' * 100}",
    ),
    "no tunnel": (
        UnconnectedError(Hop("CONNECT", PROXY, PROXY), ProtocolError("SSH")),
        "upstream_unreachable",
        f"the proxy {PROXY} closed the connection instead of connecting us to x.test",
    ),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_each_error_has_its_words(name: str) -> None:
    error, code, message = MEANINGS[name]
    failure = network_failure(error, "x.test")
    assert (failure.code, failure.message) == (code, message)
    assert failure.kind is (Kind.TIMEOUT if code == "upstream_timeout" else Kind.UPSTREAM)


def test_only_what_may_pass_is_worth_a_second_attempt() -> None:
    hop = Hop("TCP", "x.test")
    assert UnconnectedError(hop, ConnectionRefusedError()).retryable
    assert not UnconnectedError(hop, TimeoutError()).retryable
    assert not UnconnectedError(hop, ProxyRefusedError(407, "")).retryable
