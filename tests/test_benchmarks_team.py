"""The benchmark of a team: what is asked is what it says, and the table has what it adds."""

from pathlib import Path

from benchmarks.contestants import Stage
from benchmarks.measured import Measured
from benchmarks.team import ALONE, ASKED, KEY, LIMITS, contestants, rows

from passenger.team.key_ring import read_key_ring
from passenger.team.team_file import look_up


def test_the_keys_are_those_of_a_person_with_a_seat_one_of_them_with_limits(tmp_path: Path) -> None:
    limits = {}
    for contestant in contestants():
        home = tmp_path / contestant.name
        home.mkdir()
        assert contestant.command is not None
        contestant.command(Stage(1, "http://127.0.0.1:2", home))
        files = [*home.rglob("team.sqlite")]
        if not files:
            assert contestant.name == ALONE
            continue
        ring = look_up(files[0], read_key_ring)
        held = ring.find(contestant.key.encode(), 0)
        assert held is not None
        user = ring.users[held.principal.user]
        assert (files[0].parent / "seats" / user.seat / "access_token.json").exists()
        limits[contestant.name] = [one.scope.partition(":")[0] for one in held.principal.limits]
    assert limits == {KEY: [], LIMITS: ["key", "user", "all"]}


def test_what_is_added_is_told() -> None:
    measured = Measured()
    for name, cpu in ((ALONE, 100.0), (KEY, 110.0), (LIMITS, 150.0)):
        for job in ASKED:
            measured.add(name, f"{job} cpu", cpu)
    told = rows(measured)
    assert [row[0] for row in told[1:]] == [*ASKED]
    assert {tuple(row[2:]) for row in told[1:]} == {("100.0", "110.0", "150.0", "10.0", "50.0")}
