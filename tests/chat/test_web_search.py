"""What a page is called."""

import pytest

from passenger.chat.web_search import page_title


@pytest.mark.parametrize(
    ("url", "title", "told"),
    [
        ("https://a.example/x", "A", "A"),
        ("https://A.example:8443/x", "", "a.example"),
        ("https://[bad", "", "https://[bad"),
        ("nowhere", "", "nowhere"),
    ],
)
def test_a_page_without_a_title_is_called_by_its_host(url: str, title: str, told: str) -> None:
    assert page_title(url, title) == told
