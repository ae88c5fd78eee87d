"""The server's side of the tokenizer's process: started when first needed, ended when it has been idle for a while."""

import asyncio
import contextlib
import logging
import os
from asyncio.subprocess import PIPE, Process

import msgspec

from passenger.tokens import isolated
from passenger.tokens.isolated import COUNT, LENGTH

log = logging.getLogger(__name__)

IDLE = 300.0
"""Seconds without a question after which the process, and the 120 MB that its vocabulary takes, is let go."""

PATIENCE = 20.0
"""Seconds that a count may take beside `SLOWEST`, and again as many for the start of the process."""

SLOWEST = 200_000
"""Characters in a second that the slowest machine tokenises; an ordinary one does three millions."""

GUESS = 4
"""Characters of a token, when the tokenizer fails: English prose and code have 3 to 5."""


class Tokenizer:
    """Counts the tokens of texts, one list at a time; what cannot be counted is guessed, and said so in the log."""

    def __init__(self, *, idle: float = IDLE, patience: float = PATIENCE) -> None:
        self._idle = idle
        self._patience = patience
        self._process: Process | None = None
        self._ended: list[Process] = []
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None

    async def count(self, texts: list[str]) -> int:
        """The tokens of all the texts together."""
        async with self._turn:
            if self._timer is not None:
                self._timer.cancel()
            try:
                async with asyncio.timeout(None) as deadline:
                    return await self._ask(texts, deadline)
            except (OSError, asyncio.IncompleteReadError) as error:
                log.warning("the tokenizer does not answer, the count is a guess: %s", str(error) or "it hangs")
                self._end()
                return _length(texts) // GUESS
            except BaseException:
                # Its answer is still to come, and would be taken for the next one's.
                self._end()
                raise
            finally:
                self._timer = asyncio.get_running_loop().call_later(self._idle, self._end)

    async def close(self) -> None:
        """Let the process go, and wait until it has gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._end()
        for process in self._ended:
            await process.wait()

    async def _ask(self, texts: list[str], deadline: asyncio.Timeout) -> int:
        """What the process answers, which is started where there is none, within the time that the texts may take."""
        patience = self._patience + _length(texts) / SLOWEST + (0 if self._process else PATIENCE)
        deadline.reschedule(asyncio.get_running_loop().time() + patience)
        process = self._process = self._process or await _start()
        if process.stdin is None or process.stdout is None:
            raise OSError("it has no pipes")
        question = msgspec.json.encode(texts)
        process.stdin.write(LENGTH.pack(len(question)) + question)
        await process.stdin.drain()
        answer: int = COUNT.unpack(await process.stdout.readexactly(COUNT.size))[0]
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        self._ended = [other for other in self._ended if other.returncode is None]
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self._ended.append(process)


def _length(texts: list[str]) -> int:
    return sum(map(len, texts))


async def _start() -> Process:
    # A session of its own, so that Ctrl-C in the terminal ends the server first and this with it.
    return await asyncio.create_subprocess_exec(
        *isolated.command("passenger.tokens.worker"),
        stdin=PIPE,
        stdout=PIPE,
        cwd=isolated.ELSEWHERE,
        env=isolated.environment(os.environ),
        start_new_session=True,
    )
