import pytest
from msgspec import UNSET

from passenger.dialects.messages.look import look_at


def test_a_look_sees_what_relaying_needs() -> None:
    look = look_at(b'{"messages":[{"role":"user","content":[{"type":"text","text":""}]}],"max_tokens":5,"odd":[]}')
    assert look is not None
    assert look.max_tokens is not UNSET
    assert look.speed is UNSET


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b'{"messages":[5]}', b'{"messages":[],"x":"\\ud800"}', b'{"messages":"\xff"}']
)
def test_what_is_out_of_the_ordinary_does_not_tell(raw: bytes) -> None:
    assert look_at(raw) is None
