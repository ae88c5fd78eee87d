"""The most tokens that a request wants, in every dialect."""

import pytest

from passenger.dialects import Request
from passenger.dialects.output_limit import read_output_limit


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (b'{"max_tokens": 5}', 5),
        (b'{"max_completion_tokens": 6, "max_tokens": 5}', 6),
        (b'{"max_output_tokens": 7}', 7),
        (b'{"generationConfig": {"maxOutputTokens": 8}}', 8),
        (b'{"options": {"num_predict": 9}}', 9),
        (b'{"options": {"num_predict": -1}}', None),
        (b'{"max_tokens": true}', None),
        (b'{"max_tokens": "5"}', None),
        (b'{"options": 3}', None),
        (b"{}", None),
        (b"[]", None),
    ],
)
def test_it_is_read_by_each_dialects_name(body: bytes, limit: int | None) -> None:
    assert read_output_limit(Request(body).fields) == limit
