"""Problems and origins as people read them."""

import pytest

from passenger.config.problems import ConfigError, Problem, SettingOrigin, nearest


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (SettingOrigin(), "default"),
        (SettingOrigin("file", "a.toml", 3), "a.toml:3"),
        (SettingOrigin("file", "a.toml"), "a.toml"),
        (SettingOrigin("file", "a\n.toml", 3), "a\\n.toml:3"),
        (SettingOrigin("environment", "PASSENGER_SERVER_PORT"), "PASSENGER_SERVER_PORT"),
    ],
)
def test_an_origin_says_where(origin: SettingOrigin, text: str) -> None:
    assert str(origin) == text


def test_an_error_says_all_its_problems_a_line_each() -> None:
    error = ConfigError(
        [Problem(SettingOrigin("flag", "--port"), "bad"), Problem(SettingOrigin("file", "x", 1), "a\nb")]
    )
    assert str(error) == "--port: bad\nx:1: a\\nb"


def test_only_a_near_word_is_meant() -> None:
    assert nearest("prot", ["port", "host"]) == "port"
    assert nearest("zzz", ["port", "host"]) is None
