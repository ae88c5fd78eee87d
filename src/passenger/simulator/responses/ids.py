"""Item ids and sealed content of `/responses`: another text in each event, bound to a login."""

import itertools
from typing import Literal

from passenger.simulator.seals import fingerprint, lock, unlock

ID_BYTES = 300  # 400 characters
SEAL_BYTES = 600

Verdict = Literal["good", "foreign", "unknown"]


class Ids:
    """The ids of one answer: asked twice for the same item, it gives two texts that mean the same."""

    def __init__(self, login: str, digest: str) -> None:
        self.login = login
        self._digest = digest
        self._count = itertools.count()

    def of(self, kind: str, index: int = 0) -> str:
        """An id for the item of that kind at that place."""
        payload = f"id|{fingerprint(self.login)}|{kind}|{self._digest}|{index}"
        return lock(payload, f"{self._digest} {next(self._count)}", ID_BYTES)

    def seal(self, text: str) -> str:
        """Content that only comes back to be checked."""
        payload = f"content|{fingerprint(self.login)}|{fingerprint(text)}"
        return lock(payload, f"{self._digest} {next(self._count)}", SEAL_BYTES)


def verdict(text: str, login: str, what: Literal["id", "content"]) -> Verdict:
    """Whether an id or a sealed content was made here, and for that login."""
    kind, _, rest = (unlock(text) or "").partition("|")
    if kind != what:
        return "unknown"
    return "good" if rest.startswith(fingerprint(login)) else "foreign"
