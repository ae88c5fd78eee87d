"""The gateway in this process, for a command that finds no server: with the same login and files."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from passenger.account.principal import ANYONE
from passenger.cli.ask.asking import PATH, PRODUCT, Question, Say, Words
from passenger.cli.newer_ledger import refuse_newer_ledger
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_state_dir, make_token_store
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway
from passenger.gateway.billing import settle_answer
from passenger.gateway.response import Flow, Source
from passenger.observe.records import RequestRecord, record_of
from passenger.observe.redaction import Redactor
from passenger.server.request_path import Chat
from passenger.wiring import open_parts


@asynccontextmanager
async def own_gateway(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> AsyncIterator[Gateway]:
    """The gateway on the user's login.

    Raises:
        ConfigError: the settings of the network or the ledger cannot be used.
    """
    refuse_newer_ledger(invocation, loaded)
    network = make_egress(loaded, invocation.environ, redactor)
    token_store = make_token_store(invocation, loaded, redactor)
    async with open_parts(loaded, token_store, find_state_dir(invocation, loaded), network) as parts:
        yield parts.gateway


async def ask_gateway(gateway: Gateway, question: Question, words: Words, say: Say) -> RequestRecord:
    """Say the answer as it comes, and give the record of it.

    Raises:
        Failure: there is no answer, or no whole one.
    """
    exchange = Exchange("POST", PATH, question.agent.encode(), ANYONE)
    exchange.received = perf_counter()
    exchange.dialect = completions.INBOUND.name
    try:
        with await Chat(gateway).answer(completions.INBOUND, Request(question.body()), exchange) as delivery:
            exchange.status = 200
            await _say(delivery.content, _Spoken(exchange, words, say), words)
        exchange.complete()
        settle_answer(exchange)
    except Failure as failure:
        exchange.fail(failure)
        raise
    finally:
        gateway.recorder.record(exchange)
    return record_of(exchange, time.time(), PRODUCT)


async def _say(content: bytes | Flow, spoken: "_Spoken", words: Words) -> None:
    match content:
        case bytes() as whole:
            raise Failure(Kind.INTERNAL, f"no stream came, but {len(whole)} bytes")
        case flow:
            await flow(spoken)
            words.end()


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
