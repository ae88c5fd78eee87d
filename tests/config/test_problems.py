"""Problems and origins as people read them."""

import pytest

from passenger.config.problems import ConfigError, Origin, Problem, nearest


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin(), "default"),
        (Origin("file", "a.toml", 3), "a.toml:3"),
        (Origin("file", "a.toml"), "a.toml"),
        (Origin("file", "a\n.toml", 3), "a\\n.toml:3"),
        (Origin("environment", "PASSENGER_SERVER_PORT"), "PASSENGER_SERVER_PORT"),
    ],
)
def test_an_origin_says_where(origin: Origin, text: str) -> None:
    assert str(origin) == text


def test_an_error_says_all_its_problems_a_line_each() -> None:
    error = ConfigError([Problem(Origin("flag", "--port"), "bad"), Problem(Origin("file", "x", 1), "a\nb")])
    assert str(error) == "--port: bad\nx:1: a\\nb"


def test_only_a_near_word_is_meant() -> None:
    assert nearest("prot", ["port", "host"]) == "port"
    assert nearest("zzz", ["port", "host"]) is None
