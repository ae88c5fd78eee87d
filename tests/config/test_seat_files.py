"""Two seats have no file in common, whatever they are called."""

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from passenger.config.seat_files import OWN, remove_seat, seat_directory

ROOT = Path("/state")
NAMES = st.one_of(st.text(max_size=40), st.from_regex(r"[a-z0-9][a-z0-9_-]{0,40}", fullmatch=True))


def test_the_files_of_a_single_seat_are_where_they_have_always_been() -> None:
    assert seat_directory(ROOT, OWN) == ROOT


@given(NAMES.filter(lambda name: name != OWN))
@example("..")
@example("a/../..")
@example("")
@example("con")
@example("\0")
@example("\ud800")
def test_those_of_any_other_are_in_one_directory_of_its_own_below(name: str) -> None:
    directory = seat_directory(ROOT, name)
    assert directory.parent == ROOT / "seats"
    assert directory.name not in {"", ".", ".."}
    assert set(directory.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-~")


@given(NAMES, NAMES)
@example("work", "Work")
@example("wörk", "wo\u0308rk")
def test_no_two_have_the_same_one_on_any_file_system(one: str, other: str) -> None:
    same = str(seat_directory(ROOT, one)).casefold() == str(seat_directory(ROOT, other)).casefold()
    assert same is (one == other)


@given(NAMES.filter(lambda name: name != OWN))
def test_a_name_is_never_taken_for_the_digest_of_another(name: str) -> None:
    digest = seat_directory(ROOT, name.upper() + "!").name
    assert seat_directory(ROOT, digest).name != digest


def test_a_seat_is_removed_with_all_it_has_and_no_other(tmp_path: Path) -> None:
    for seat in (OWN, "one", "other"):
        seat_directory(tmp_path, seat).mkdir(parents=True, exist_ok=True)
        (seat_directory(tmp_path, seat) / "token.json").write_text("{}")
    for seat in (OWN, "one", "nobody"):
        remove_seat(tmp_path, seat)
    assert [seat for seat in (OWN, "one", "other") if (seat_directory(tmp_path, seat) / "token.json").exists()] == [
        OWN,
        "other",
    ]
