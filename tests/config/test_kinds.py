"""What each kind of setting takes and refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.clients.registry import CLIENTS as LAUNCHED
from passenger.clients.registry import SETUPS
from passenger.config import kinds
from passenger.config.kinds import CLIENTS


def test_they_are_all_that_can_be_launched_or_set_up() -> None:
    assert {*LAUNCHED, *SETUPS} == CLIENTS


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (kinds.PORT, 0, 0),
        (kinds.PORT, 65535, 65535),
        (kinds.SECONDS, 0.5, 0.5),
        (kinds.SECONDS, 10, 10),
        (kinds.SECONDS_OR_NONE, 0, 0),
        (kinds.LIMITS["bytes"], 1024, 1024),
        (kinds.BASE_URL, "https://corp.example/api/", "https://corp.example/api"),
        (kinds.URL, "http://localhost:1/x?y=z", "http://localhost:1/x?y=z"),
        (kinds.HOST, "[::1]", "::1"),
        (kinds.HOST, "::", "::"),
        (kinds.HOST, "my-host.example", "my-host.example"),
        (kinds.HEADER, "vscode/1.115.0 (x)", "vscode/1.115.0 (x)"),
        (kinds.ALIASES, {"fast": "gpt-4.1"}, {"fast": "gpt-4.1"}),
        (kinds.LOG_FORMAT, "json", "json"),
        (kinds.KEEPING, "memory", "memory"),
    ],
)
def test_a_right_value_is_taken(kind: kinds.SettingKind, value: object, taken: object) -> None:
    assert kind.check(value) == taken


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.PORT, " 9000 ", 9000),
        (kinds.SECONDS, "2.5", 2.5),
        (kinds.ALIASES, "fast=gpt-4.1, smart = gpt-5,", {"fast": "gpt-4.1", "smart": "gpt-5"}),
        (kinds.ALIASES, '{"fast": "gpt-4.1"}', {"fast": "gpt-4.1"}),
        (kinds.URL, "https://corp.example", "https://corp.example"),
    ],
)
def test_text_from_the_environment_is_read_as_its_kind(kind: kinds.SettingKind, text: str, value: object) -> None:
    assert kind.check(kind.read(text)) == value


@pytest.mark.parametrize("text", ["8_081", "0x10", "1e3", "٣", "", "nan", "9" * 5000])
def test_a_port_is_written_in_plain_digits(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        kinds.PORT.check(kinds.PORT.read(text))


def _reason(kind: kinds.SettingKind, value: object, *, read: bool = False) -> str:
    """Why a value is refused; for one that is taken, that checking it again changes nothing."""
    try:
        taken = kind.check(kind.read(str(value)) if read else value)
    except ValueError as error:
        return str(error)
    return "must be stable" if kind.check(taken) == taken else "changes each time"


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.integers())
)
def test_any_value_is_taken_or_refused_with_a_reason(value: object) -> None:
    words = (kinds.LOG_FORMAT, kinds.KEEPING)
    for kind in (
        kinds.PORT, kinds.SECONDS, kinds.URL, kinds.BASE_URL, kinds.HOST, kinds.HEADER, kinds.ALIASES, *words
    ):  # fmt: skip
        assert _reason(kind, value).startswith("must")


@given(st.text())
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    words = (kinds.LOG_FORMAT, kinds.KEEPING)
    for kind in (kinds.PORT, kinds.SECONDS, kinds.URL, kinds.HOST, kinds.HEADER, kinds.ALIASES, *words):
        assert _reason(kind, text, read=True).startswith("must")
