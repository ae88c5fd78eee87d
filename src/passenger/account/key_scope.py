"""What a key may be used for."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec import Struct


class KeyScope(Struct, frozen=True):
    """What a key may be used for; an empty collection allows everything of its kind."""

    models: tuple[str, ...] = ()
    """Patterns of shells (`claude-*`), compared with the model's own id, after an alias was resolved."""
    dialects: frozenset[str] = frozenset()
    """Names of the APIs that it may speak."""
    operations: frozenset[str] = frozenset()
    """Of `chat`, `embeddings` and `count`."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where it may be used from."""

    def allows_model(self, model: str) -> bool:
        """Whether it may ask a model, which may also be called by its bare id."""
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)

    def allows_dialect(self, dialect: str) -> bool:
        """Whether it may speak an API."""
        return _allows(self.dialects, dialect)

    def allows_operation(self, operation: str) -> bool:
        """Whether it may ask for such a thing."""
        return _allows(self.operations, operation)

    def allows_address(self, peer: str) -> bool:
        """Whether it may be used from the address of a peer; from a Unix socket, which has none, always."""
        if not self.networks or not peer:
            return True
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def _allows(names: Collection[str], name: str) -> bool:
    return not names or name in names
