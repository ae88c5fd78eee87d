"""Which models have answered of late."""

from pathlib import Path

from passenger.clients.proven import DAY, Proven


def test_a_proof_holds_for_a_day_for_this_client_model_and_server(tmp_path: Path) -> None:
    proven = Proven(tmp_path / "proven.json")
    assert not proven.holds("claude", "m", "s", 0.0)
    proven.note("claude", "m", "s", 100.0)
    proven.note("codex", "m", "s", 101.0)
    assert proven.holds("claude", "m", "s", 100.0 + DAY - 1)
    assert not proven.holds("claude", "m", "s", 100.0 + DAY)
    assert not proven.holds("claude", "m", "s", 99.0), "a clock that was set back"
    assert not proven.holds("claude", "m", "other", 101.0)
    assert not proven.holds("gemini", "m", "s", 101.0)
    assert (tmp_path / "proven.json").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_or_written_is_no_proof_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "proven.json"
    path.write_text("[")
    proven = Proven(path)
    assert not proven.holds("c", "m", "s", 0.0)
    proven.note("c", "m", "s", 1.0)
    assert proven.holds("c", "m", "s", 1.0)
    (tmp_path / "file").write_text("")
    Proven(tmp_path / "file" / "proven.json").note("c", "m", "s", 1.0)


def test_where_the_account_is_not_known_nothing_is_remembered(tmp_path: Path) -> None:
    proven = Proven(tmp_path / "proven.json")
    proven.note("c", "m", None, 1.0)
    assert not proven.holds("c", "m", None, 1.0)
    assert not (tmp_path / "proven.json").exists()
