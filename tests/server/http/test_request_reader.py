"""A target is taken apart as it is meant, in each of its forms; what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.http.request_reader import read_target

READ = {
    b"/": ("/", b"/", b""),
    b"/v1/models": ("/v1/models", b"/v1/models", b""),
    b"/v1/models?": ("/v1/models", b"/v1/models", b""),
    b"/a?b=c?d&e=/f": ("/a", b"/a", b"b=c?d&e=/f"),
    b"/a%20b?c%20d": ("/a b", b"/a%20b", b"c%20d"),
    b"/%C3%A9": ("/é", b"/%C3%A9", b""),
    b"/a#b?c": ("/a", b"/a", b""),
    b"/a?b#c": ("/a", b"/a", b"b"),
    b"//evil.example/a": ("//evil.example/a", b"//evil.example/a", b""),
    b"/../a": ("/../a", b"/../a", b""),
    b"*": ("*", b"*", b""),
    b"http://localhost/a?b": ("/a", b"/a", b"b"),
    b"http://localhost": ("/", b"/", b""),
    b"http://localhost?a=b": ("/", b"/", b"a=b"),
    b"http://user:word@localhost:80/a": ("/a", b"/a", b""),
}


@pytest.mark.parametrize("target", READ)
def test_a_target_is_read_as_it_is_meant(target: bytes) -> None:
    assert read_target(target) == READ[target]


@pytest.mark.parametrize("target", [b"", b"a", b"localhost:80", b"http://", b"/\xc3\xa9", b"?a", b"#", b"*/a", b"**"])
def test_what_is_no_target_is_refused(target: bytes) -> None:
    with pytest.raises(ValueError, match=r"no target|ascii"):
        read_target(target)


@given(st.binary(max_size=40))
def test_whatever_comes_is_read_or_refused(target: bytes) -> None:
    try:
        path, raw_path, query = read_target(target)
    except ValueError:
        return
    assert raw_path in target or raw_path == b"/"
    assert query in target
    assert path
