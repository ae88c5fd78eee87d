"""When each key of a team was used last."""

import sqlite3
from pathlib import Path

from passenger.account.principal import ANYONE, Principal
from passenger.exchange import Exchange
from passenger.team.audit import Author
from passenger.team.key_use import INTERVAL, KeyUse
from passenger.team.keys import KeyGrant, create_key, find_key
from passenger.team.users import add_user


async def test_it_is_written_once_a_minute_and_at_the_end(team: sqlite3.Connection, path: Path, by: Author) -> None:
    key = create_key(team, by, add_user(team, by, "ann", "ann-gh"), KeyGrant()).key.id
    now = by.now
    use = KeyUse(path, lambda: now)
    exchange = Exchange("POST", "/", principal=Principal("ann", user="usr_1", key=key))
    use(Exchange("POST", "/", principal=ANYONE))
    use(Exchange("POST", "/"))
    use(exchange)
    assert use._writing is not None
    await use._writing
    assert find_key(team, key).last_used == int(now)
    now += INTERVAL - 1
    use(exchange)
    assert find_key(team, key).last_used == int(now - INTERVAL + 1)
    await use.aclose()
    assert find_key(team, key).last_used == int(now)


async def test_a_file_that_has_gone_costs_nothing_but_the_time(path: Path) -> None:
    path.mkdir()
    use = KeyUse(path)
    use(Exchange("POST", "/", principal=Principal("ann", user="usr_1", key="key_1")))
    await use.aclose()
