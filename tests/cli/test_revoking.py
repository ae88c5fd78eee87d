import pytest

from passenger.cli.revoking import where_to_revoke
from passenger.secret import Secret

DEVICE = "/login/device/code"


@pytest.mark.parametrize(
    ("host", "token", "page"),
    [
        ("github.com", "ghu_x", "https://github.com/settings/apps/authorizations"),
        ("github.com", "gho_x", "https://github.com/settings/applications"),
        ("github.com", "github_pat_x", "https://github.com/settings/personal-access-tokens"),
        ("github.com", None, "https://github.com/settings/apps/authorizations"),
        ("octocorp.ghe.com", "gho_x", "https://octocorp.ghe.com/settings/applications"),
        ("ghe.example", "gho_x", "ghe.example"),
    ],
)
def test_the_page_is_the_one_for_the_kind_of_login_at_its_host(host: str, token: str | None, page: str) -> None:
    assert where_to_revoke(f"https://{host}{DEVICE}", Secret(token) if token else None) == page


def test_a_simulated_login_is_revoked_nowhere() -> None:
    assert where_to_revoke(f"http://127.0.0.1:8082{DEVICE}", None) is None
