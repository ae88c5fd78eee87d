import pytest

from passenger.chat import Prompt, Reasoning, Schema
from passenger.dialects.ollama.shaping import read_format, read_think, shows_thoughts
from passenger.errors import Failure


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, None),
        ("", None),
        ("json", Schema(None)),
        ({}, Schema(None)),
        ({"type": "object"}, Schema({"type": "object"})),
    ],
)
def test_a_format_is_json_or_a_schema(said: object, meant: Schema | None) -> None:
    assert read_format({"format": said}) == meant


@pytest.mark.parametrize("said", ["xml", True, 1, ["json"]])
def test_another_format_is_refused(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_format({"format": said})
    assert caught.value.param == "format"


@pytest.mark.parametrize(
    ("said", "meant", "shown"),
    [
        (None, None, True),
        (True, Reasoning(show=True), True),
        ("low", Reasoning("low", show=True), True),
        ("max", Reasoning("max", show=True), True),
        (False, Reasoning("none"), False),
        ("none", Reasoning("none"), False),
    ],
)
def test_thoughts_are_shown_unless_they_are_not_wanted(said: object, meant: Reasoning | None, shown: bool) -> None:
    read = read_think({"think": said})
    assert read == meant
    assert shows_thoughts(Prompt("m", (), reasoning=read)) is shown


@pytest.mark.parametrize("said", ["", "hard", "true", 1, 0, [], {}])
def test_another_measure_of_thinking_is_refused(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_think({"think": said})
    assert caught.value.param == "think"
