import msgspec
import pytest

from passenger.simulator import Recorded


def test_a_body_is_decoded_once() -> None:
    request = Recorded("POST", "/x?y", [], b'{"a":1}')
    assert request.json() is request.json()
    assert request.route == "/x"


def test_a_body_that_is_no_json_says_so() -> None:
    with pytest.raises(msgspec.DecodeError):
        Recorded("POST", "/x", [], b"{").json()
