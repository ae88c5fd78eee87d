"""The gateway in this very process, for a command that finds no server: the same way, login and files."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from passenger.cli.asking import PATH, PRODUCT, Question, Say
from passenger.cli.invocation import Invocation
from passenger.cli.networking import network_of
from passenger.cli.parts import parts_of, state_dir_of, vault_of
from passenger.cli.words import Words
from passenger.config import Loaded
from passenger.control.records import RequestRecord, record_of
from passenger.dialects import Request, completions
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway
from passenger.gateway.sink import Source
from passenger.log import Redactor
from passenger.web.request_path import Chat


@asynccontextmanager
async def own_gateway(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> AsyncIterator[Gateway]:
    """The gateway on the user's login.

    Raises:
        ConfigError: the settings of the network cannot be used.
    """
    network = network_of(loaded, invocation.environ, redactor)
    vault = vault_of(invocation, loaded, redactor)
    async with parts_of(loaded, vault, state_dir_of(invocation, loaded), network) as parts:
        yield parts.gateway


async def ask_gateway(gateway: Gateway, question: Question, words: Words, say: Say) -> RequestRecord:
    """Say the answer as it comes, and give the record of it.

    Raises:
        Failure: there is no answer, or no whole one.
    """
    exchange = Exchange("POST", PATH, question.agent.encode())
    exchange.received = perf_counter()
    with await Chat(gateway).answer(completions, Request(question.body()), exchange) as delivery:
        exchange.status = 200
        match delivery.content:
            case bytes() as whole:
                raise Failure(Kind.INTERNAL, f"no stream came, but {len(whole)} bytes")
            case flow:
                await flow(_Spoken(exchange, words, say))
                words.end()
    exchange.ended = perf_counter()
    exchange.complete()
    return record_of(exchange, time.time(), PRODUCT)


class _Spoken:
    """A sink that says the words of what comes."""

    def __init__(self, exchange: Exchange, words: Words, say: Say) -> None:
        self._exchange = exchange
        self._words = words
        self._say = say

    def piece(self, data: bytes) -> None:
        """Say what is new."""
        self._exchange.first_byte = self._exchange.first_byte or perf_counter()
        for word in self._words.feed(data):
            self._say(word)

    def follow(self, source: Source | None) -> None:
        """Nobody waits for a terminal."""

    async def drain(self) -> None:
        """See `follow`."""
