import json
from pathlib import Path

import pytest

from passenger.account.protocol import Grant
from passenger.account.token import LoginSource, Token, token_from_grant
from passenger.account.token_store import FileTokenStore, MemoryTokenStore, token_paths
from passenger.errors import Failure
from passenger.secret import Secret
from tests.fakes import NOON, Clock, grant, login


class Home:
    """Two directories, and a token store on them."""

    def __init__(self, root: Path) -> None:
        self.ours, self.theirs = root / "passenger", root / "passenger-rs"
        self.clock = Clock()
        self.secrets: list[str] = []

    def token_store(self, environ: dict[str, str] | None = None, **paths: Path) -> FileTokenStore:
        return FileTokenStore(
            token_paths(self.ours, self.theirs, **paths),
            environ or {},
            clock=self.clock,
            on_secret=self.secrets.append,
        )

    def put(self, directory: Path, name: str, content: object) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(json.dumps(content))


@pytest.fixture
def files(tmp_path: Path) -> Home:
    return Home(tmp_path)


ACCESS = {"access_token": "ghu_saved", "token_type": "bearer", "scope": ""}
PASSENGER_RS = {"token": "tid=rs", "expires_at": int(NOON) + 1800, "refresh_in": 1500}
GRANT = Grant(Secret("tid=new"), NOON + 1800, 1500, "https://api.x", "sku", None)


def token(login: str | None = None) -> Token:
    return Token(Secret("tid=new"), NOON + 1790, NOON + 1490, "https://api.x", login)


@pytest.mark.parametrize(
    ("environ", "saved", "source", "text"),
    [
        ({"COPILOT_GITHUB_TOKEN": "ghu_env", "GH_TOKEN": "ghu_gh"}, True, LoginSource.ENVIRONMENT, "ghu_env"),
        ({"GH_TOKEN": "ghu_gh"}, True, LoginSource.SAVED, "ghu_saved"),
        ({"GH_TOKEN": "ghu_gh"}, False, LoginSource.GH, "ghu_gh"),
        ({"COPILOT_GITHUB_TOKEN": "  "}, True, LoginSource.SAVED, "ghu_saved"),
    ],
)
def test_a_login_is_looked_for_in_order(
    files: Home, environ: dict[str, str], saved: bool, source: LoginSource, text: str
) -> None:
    if saved:
        files.put(files.ours, "access_token.json", ACCESS)
    login = files.token_store(environ).login()
    assert login is not None
    assert (login.source, login.token.reveal()) == (source, text)
    assert text in files.secrets


def test_without_any_there_is_none(files: Home) -> None:
    assert files.token_store().login() is None
    assert files.token_store().load() is None


def test_a_login_that_is_no_text_has_a_fingerprint_all_the_same(files: Home) -> None:
    found = files.token_store({"GH_TOKEN": "ghu_\udcff"}).login()
    assert found is not None
    assert len(found.token.fingerprint()) == 16


def test_a_login_of_passenger_rs_is_found_and_its_files_left_alone(files: Home) -> None:
    files.put(files.theirs, "access_token.json", ACCESS)
    files.put(files.theirs, "token.json", PASSENGER_RS)
    token_store = files.token_store()
    login, found = token_store.login(), token_store.load()
    assert login is not None
    assert found is not None
    assert login.where == str(files.theirs / "access_token.json")
    assert (found.bearer.reveal(), found.expires_at, found.refresh_at) == ("tid=rs", NOON + 1800, NOON + 1500)
    before = (files.theirs / "token.json").read_bytes()
    token_store.save(GRANT, token(login.token.fingerprint()))
    assert (files.theirs / "token.json").read_bytes() == before
    assert json.loads((files.ours / "token.json").read_text())["token"] == "tid=new"
    again = files.token_store().load()
    assert again is not None
    assert again.bearer.reveal() == "tid=new"


def test_our_own_files_come_before_those_of_passenger_rs(files: Home) -> None:
    files.put(files.theirs, "access_token.json", {**ACCESS, "access_token": "ghu_old"})
    files.put(files.ours, "access_token.json", ACCESS)
    login = files.token_store().login()
    assert login is not None
    assert login.token.reveal() == "ghu_saved"


def test_a_saved_token_comes_back_as_it_was(files: Home) -> None:
    files.put(files.ours, "access_token.json", ACCESS)
    token_store = files.token_store()
    login = token_store.login()
    assert login is not None
    saved = token(login.token.fingerprint())
    token_store.save(GRANT, saved)
    assert files.token_store().load() == saved


def test_the_file_keeps_the_keys_of_passenger_rs(files: Home) -> None:
    files.token_store().save(GRANT, token())
    content = json.loads((files.ours / "token.json").read_text())
    assert (content["token"], content["expires_at"], content["refresh_in"]) == ("tid=new", int(NOON) + 1800, 1500)


def test_a_token_of_another_login_is_not_used(files: Home) -> None:
    files.put(files.ours, "access_token.json", ACCESS)
    token_store = files.token_store()
    login = token_store.login()
    assert login is not None
    token_store.save(GRANT, token(login.token.fingerprint()))
    assert files.token_store({"COPILOT_GITHUB_TOKEN": "ghu_other"}).load() is None
    files.put(files.ours, "access_token.json", {**ACCESS, "access_token": "ghu_another"})
    assert files.token_store().load() is None


def test_a_token_that_does_not_say_whose_it_is_belongs_to_the_saved_login(files: Home) -> None:
    files.put(files.ours, "access_token.json", ACCESS)
    files.put(files.ours, "token.json", PASSENGER_RS)
    assert files.token_store().load() is not None
    assert files.token_store({"COPILOT_GITHUB_TOKEN": "ghu_env"}).load() is None


def test_a_token_without_any_login_is_used(files: Home) -> None:
    files.put(files.ours, "token.json", PASSENGER_RS)
    assert files.token_store().load() is not None


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"token":5,"expires_at":1}', '{"expires_at":1}', '{"token":"x"}'),
        *('{"token":"","expires_at":1}', '{"token":"x\\r\\nX: y","expires_at":1}', '{"token":"x\\n","expires_at":1}'),
    ],
)
def test_a_corrupt_token_file_is_set_aside_and_counts_as_none(
    files: Home, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    files.ours.mkdir(parents=True)
    (files.ours / "token.json").write_text(content)
    assert files.token_store().load() is None
    assert [path.name.split("-")[0] for path in files.ours.iterdir()] == ["token.json.corrupt"]
    assert "kept as" in caplog.text


def test_a_corrupt_file_of_passenger_rs_stays_where_it_is(files: Home) -> None:
    files.theirs.mkdir(parents=True)
    (files.theirs / "access_token.json").write_text("{")
    assert files.token_store().login() is None
    assert (files.theirs / "access_token.json").read_text() == "{"


def test_path_flags_are_the_only_places(files: Home, tmp_path: Path) -> None:
    files.put(files.ours, "access_token.json", ACCESS)
    files.put(files.theirs, "token.json", PASSENGER_RS)
    access, copilot = tmp_path / "a.json", tmp_path / "c.json"
    token_store = files.token_store(access=access, copilot=copilot)
    assert token_store.login() is None
    assert token_store.load() is None
    token_store.save_login(Secret("ghu_new"), "bearer", "")
    token_store.save(GRANT, token())
    assert json.loads(access.read_text())["access_token"] == "ghu_new"
    assert json.loads(copilot.read_text())["token"] == "tid=new"
    assert not (files.ours / "token.json").exists()


def test_a_token_that_cannot_be_saved_is_told_once_and_remembered(
    files: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token_store = files.token_store(copilot=tmp_path / "missing" / "c.json")
    for _ in range(3):
        token_store.save(GRANT, token())
    assert token_store.unsaved == str(tmp_path / "missing" / "c.json")
    assert caplog.text.count("going on with the token in memory") == 1


def test_a_file_changed_by_others_is_noticed_once_and_our_own_writes_are_not(files: Home) -> None:
    files.put(files.ours, "access_token.json", ACCESS)
    token_store = files.token_store()
    files.clock.now += 2
    assert not token_store.changed()
    token_store.save(GRANT, token())
    files.clock.now += 2
    assert not token_store.changed()
    files.put(files.ours, "token.json", {**PASSENGER_RS, "token": "tid=longer-than-before"})
    assert not token_store.changed()  # looked a moment ago
    files.clock.now += 2
    assert token_store.changed()
    files.clock.now += 2
    assert not token_store.changed()
    (files.ours / "access_token.json").unlink()
    files.clock.now += 2
    assert token_store.changed()


def test_a_login_by_another_process_is_noticed_though_a_token_was_saved_after_it(files: Home) -> None:
    token_store = files.token_store()
    files.put(files.ours, "access_token.json", ACCESS)
    token_store.save(GRANT, token())
    files.clock.now += 2
    assert token_store.changed()
    assert not token_store.changed()


def test_a_file_that_cannot_be_read_is_a_failure_and_not_a_missing_login(files: Home) -> None:
    (files.ours / "access_token.json").mkdir(parents=True)
    with pytest.raises(Failure, match="not a plain file"):
        files.token_store().login()


# --- memory -----------------------------------------------------------------------------------------------------------


async def test_a_token_is_there_until_the_next_and_its_secret_is_told() -> None:
    secrets: list[str] = []
    token_store = MemoryTokenStore(login(), secrets.append)
    assert token_store.login() == login()
    assert token_store.load() is None
    for text in ("tid=one", "tid=two"):
        token = token_from_grant(grant(text), login(), NOON)
        async with token_store.lock():
            token_store.save(grant(text), token)
        assert token_store.load() == token
    assert secrets == ["tid=one", "tid=two"]
    assert not token_store.changed()
    assert token_store.unsaved is None
