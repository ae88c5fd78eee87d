"""Where a person takes a login back, which only GitHub's own pages do."""

from urllib.parse import urlsplit

from passenger.config.address import read_address
from passenger.config.credentials import is_github
from passenger.secret import Secret

PAGES = {
    "ghu_": "/settings/apps/authorizations",
    "gho_": "/settings/applications",
    "ghp_": "/settings/tokens",
    "github_pat_": "/settings/personal-access-tokens",
}
"""The page for each kind of token, by its prefix.

https://docs.github.com/en/apps/using-github-apps/reviewing-and-revoking-authorization-of-github-apps
"""


def where_to_revoke(device_code_url: str, login: Secret | None) -> str | None:
    """The address of the page, the host where it is no GitHub that we know, None for a simulated one."""
    address = read_address(device_code_url)
    if address.is_loopback:
        return None
    if not is_github(address.host):
        return address.host
    text = login.reveal() if login else ""
    page = next((page for prefix, page in PAGES.items() if text.startswith(prefix)), PAGES["ghu_"])
    return f"https://{urlsplit(device_code_url).netloc}{page}"
