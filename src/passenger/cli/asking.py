"""One question, and its answer by way of the user's own running server."""

import contextlib
import http.client
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from passenger import __version__
from passenger.cli import reach
from passenger.cli.words import Words
from passenger.control.client import Server, ServerError
from passenger.control.records import RequestRecord
from passenger.errors import Failure, Kind, kind_of

PATH = "/v1/chat/completions"
PRODUCT = "passenger-ask"

RECORDED = 3.0
"""Seconds until a server that answered knows of the request, from whichever of its workers."""

PAUSE = 0.05
LARGEST_ERROR = 1024 * 1024


@dataclass(frozen=True)
class Question:
    """What is asked of which model, under a name that tells this request from all others."""

    model: str
    text: str
    agent: str

    def body(self) -> bytes:
        """The request."""
        message = {"role": "user", "content": self.text}
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps({"model": self.model, "messages": [message], **options}).encode()


def question_of(model: str, text: str) -> Question:
    """The question, with a fresh name."""
    return Question(model, text, f"{PRODUCT}/{__version__} ({secrets.token_hex(8)})")


Say = Callable[[str], None]


def ask_server(server: Server, question: Question, words: Words, say: Say) -> RequestRecord | None:
    """Say the answer as it comes, and give the server's own record of it, None where it has none.

    Raises:
        Failure: there is no answer, or no whole one.
    """
    since = time.time() - 1
    connection = None
    headers = {"content-type": "application/json", "user-agent": question.agent, **server.headers()}
    try:
        connection = server.connect()
        connection.request("POST", PATH, question.body(), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise _refusal(answer.status, answer.read(LARGEST_ERROR))
        while piece := answer.read1(65_536):
            for word in words.feed(piece):
                say(word)
        words.end()
    except (OSError, http.client.HTTPException) as error:
        message = f"{server.url} does not answer any more: {str(error) or type(error).__name__}"
        raise Failure(Kind.UPSTREAM, message) from error
    finally:
        if connection is not None:
            connection.close()
    return _recorded(server, question, since)


def _refusal(status: int, body: bytes) -> Failure:
    """A server's error as a failure of ours."""
    try:
        error = json.loads(body)["error"]
        message, code = str(error["message"]), error.get("code")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code = body[:200].decode("utf-8", "replace"), None
    kind = Kind.LOGIN if code == reach.LOGIN_REQUIRED else kind_of(status)
    return Failure(kind, message or f"the server answered {status}", code=code or None)


def _recorded(server: Server, question: Question, since: float) -> RequestRecord | None:
    deadline = perf_counter() + RECORDED
    while perf_counter() < deadline:
        with contextlib.suppress(ServerError):
            for record in server.requests(since):
                if record.user_agent == question.agent:
                    return record
        time.sleep(PAUSE)
    return None
