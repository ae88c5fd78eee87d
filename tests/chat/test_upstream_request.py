import json

import pytest

from passenger.chat.upstream_request import IN_WORDS, UpstreamRequest, client_field

FIELDS = {"limit": "max_tokens"}


@pytest.mark.parametrize(
    ("dropped", "name"),
    [
        ("limit", "max_tokens"),
        (f"limit{IN_WORDS}", "max_tokens (in words)"),
        ("seed", "seed"),
        ("seed (0)", "seed (0)"),
    ],
)
def test_what_is_dropped_is_named_as_the_client_calls_it(dropped: str, name: str) -> None:
    assert client_field(FIELDS, dropped) == name


def test_a_request_is_encoded_with_all_that_belongs_to_it() -> None:
    encoded = UpstreamRequest({"model": "m"}, {"a": "b"}, ("limit",), vision=True).encoded()
    assert json.loads(encoded.body) == {"model": "m"}
    assert (encoded.headers, encoded.dropped, encoded.vision) == ({"a": "b"}, ("limit",), True)
