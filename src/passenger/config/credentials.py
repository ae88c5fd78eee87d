"""The one answer to "may this URL be sent a GitHub token, a Copilot token or a device code?"."""

from dataclasses import dataclass

from passenger.config.address import read_address
from passenger.net.hosts import is_this_machine

GITHUB_HOST = "github.com"
GITHUB_DOMAINS = (".github.com", ".ghe.com", ".githubcopilot.com")
"""GitHub itself, its tenants with data residency, and the Copilot API (which `endpoints.api` names per plan)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where credentials may go: GitHub's own hosts over https, and the `hosts` that the user named.

    A named host counts on every port: over https, or over http when it is this machine, which is one host however
    it is spelled.
    """

    hosts: frozenset[str] = frozenset()

    def may_go_to(self, url: str) -> bool:
        """Whether a credential may be sent to a URL. One that cannot be read strictly may not."""
        try:
            address = read_address(url)
        except ValueError:
            return False
        if address.has_user:
            return False
        if address.is_this_machine:
            return any(map(is_this_machine, self.hosts))
        return address.scheme == "https" and (is_github(address.host) or address.host in self.hosts)


def is_github(host: str) -> bool:
    """Whether a lower-case host is one that GitHub runs for signed-in users."""
    return host == GITHUB_HOST or host.endswith(GITHUB_DOMAINS)
