"""The cookie of a session: its name, its flags, and how it is found among others."""

from typing import Any

from passenger.web.pages.cookies import cookies, set_cookie


def scope(*values: str, port: int | None = 8081) -> dict[str, Any]:
    server = ("127.0.0.1", port) if port is not None else None
    return {"server": server, "headers": [(b"cookie", value.encode()) for value in values]}


def test_scripts_and_other_sites_have_no_part_in_it() -> None:
    cookie = set_cookie(scope(), "abc", 60, secure=False)
    assert cookie == "passenger-8081=abc; Max-Age=60; HttpOnly; SameSite=Strict; Path=/"


def test_over_tls_it_stays_there() -> None:
    assert set_cookie(scope(), "abc", 60, secure=True).endswith("; Secure")


def test_every_one_of_that_name_is_found_and_no_other() -> None:
    found = scope(
        "a=1; passenger-8081=x; passenger-9000=no; passenger-8081=y", "passenger-8081=z;b", "passenger-80811=n"
    )
    assert list(cookies(found)) == ["x", "y", "z"]


def test_where_nothing_is_known_of_a_port_it_has_a_name_all_the_same() -> None:
    assert list(cookies(scope("passenger-0=x", port=None))) == ["x"]
