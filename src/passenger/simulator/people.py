"""The accounts of one simulator, each with GitHub and Copilot as it sees them."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from passenger.simulator.account import Account
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.copilot import Copilot
from passenger.simulator.device import DeviceFlow
from passenger.simulator.github import GitHub
from passenger.simulator.recorded import Recorded


class Person(NamedTuple):
    """An account, and GitHub and Copilot as it sees them."""

    account: Account
    github: GitHub
    copilot: Copilot


@dataclass(slots=True)
class People:
    """All accounts, and what they have in common."""

    device: DeviceFlow
    catalogue: Catalogue
    created: int
    seed: int
    cues: Mapping[str, str]
    exchanges: bool
    people: list[Person] = field(default_factory=list)
    _seen_by_github: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _seen_by_copilot: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def move_in(self, account: Account) -> Person:
        """Let an account be known to GitHub and Copilot."""
        github = GitHub(account, self.device, exchanges=self.exchanges, numbers=self._seen_by_github)
        copilot = Copilot(account, self.catalogue, self.created, self.seed, self.cues, numbers=self._seen_by_copilot)
        self.people.append(Person(account, github, copilot))
        self.device.people[account.login] = account.own
        return self.people[-1]

    def asker(self, request: Recorded) -> Person:
        """Who asks by the token of a request, the first account where nobody has it."""
        token = (request.header("authorization") or "").partition(" ")[2].strip() if len(self.people) > 1 else ""
        return next((person for person in self.people if token and person.account.owns(token)), self.people[0])
