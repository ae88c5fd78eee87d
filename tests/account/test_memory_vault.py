"""A vault that no file knows of."""

from passenger.account.memory_vault import MemoryVault
from passenger.accounts import token_from_grant
from tests.fakes import NOON, grant, login


async def test_a_token_is_there_until_the_next_and_its_secret_is_told() -> None:
    secrets: list[str] = []
    vault = MemoryVault(login(), secrets.append)
    assert vault.login() == login()
    assert vault.load() is None
    for text in ("tid=one", "tid=two"):
        token = token_from_grant(grant(text), login(), NOON)
        async with vault.lock():
            vault.save(grant(text), token)
        assert vault.load() == token
    assert secrets == ["tid=one", "tid=two"]
    assert not vault.changed()
    assert vault.unsaved is None
