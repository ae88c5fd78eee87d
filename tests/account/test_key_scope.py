"""What a key may be used for."""

from ipaddress import ip_network

import pytest

from passenger.account.key_scope import KeyScope


def test_an_empty_scope_allows_everything() -> None:
    scope = KeyScope()
    assert scope.allows_model("gpt-5.5")
    assert scope.allows_dialect("messages")
    assert scope.allows_operation("count")
    assert scope.allows_address("192.0.2.1")
    assert scope.allows_address("")


@pytest.mark.parametrize(
    ("model", "allowed"),
    [("claude-opus-5", False), ("claude-sonnet-5", True), ("gpt-5.5", True), ("gpt-5.5-mini", False), ("", False)],
)
def test_models_are_patterns(model: str, allowed: bool) -> None:
    assert KeyScope(models=("claude-sonnet-*", "gpt-5.5")).allows_model(model) is allowed


def test_names_are_compared_whole() -> None:
    scope = KeyScope(dialects=frozenset({"messages"}), operations=frozenset({"chat"}))
    assert scope.allows_dialect("messages")
    assert not scope.allows_dialect("responses")
    assert scope.allows_operation("chat")
    assert not scope.allows_operation("embeddings")


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("198.51.100.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("no address", False),
        ("", True),
    ],
)
def test_addresses_are_in_a_network(peer: str, allowed: bool) -> None:
    scope = KeyScope(networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
    assert scope.allows_address(peer) is allowed
