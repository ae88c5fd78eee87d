"""The texts of files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.clients.files import json_text, merge_settings, read_settings

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
OBJECTS = st.recursive(
    st.dictionaries(st.text(), LEAVES, max_size=4), lambda inner: st.dictionaries(st.text(), LEAVES | inner, max_size=4)
)


@given(OBJECTS)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, value: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    path.write_text(json_text(value), encoding="utf-8", errors="surrogatepass")
    assert read_settings(path) == json.loads(path.read_text(encoding="utf-8"))


def test_comments_are_read_over_and_strings_that_look_like_them_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('// one\n{"a": "http://x", /* two\n */ "b": "\\"//no", "c": 1 // three\n}', encoding="utf-8-sig")
    assert read_settings(path) == {"a": "http://x", "b": '"//no', "c": 1}


@pytest.mark.parametrize("text", ['{"a": ', "[]", '{"a": 1,}', '"x"', "\ud800"])
def test_what_is_no_object_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert read_settings(path) is None


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.json") == {}


@given(OBJECTS, OBJECTS)
def test_what_stands_above_wins_and_the_rest_of_both_is_there(
    below: dict[str, object], above: dict[str, object]
) -> None:
    both = merge_settings(below, above)
    assert both.keys() == below.keys() | above.keys()
    assert merge_settings(both, above) == both
    assert {key: both[key] for key in below.keys() - above.keys()} == {
        key: below[key] for key in below.keys() - above.keys()
    }
