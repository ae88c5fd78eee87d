"""Leaves out of a call what its model is known to reject, and sends it again when a 400 names something new.

A 400 comes before any model has worked, so a repeated call costs nothing. A request is repeated at most 8 times; all
other failures go to the caller (see `upstream`).
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.copilot import rejected_fields
from passenger.copilot.call import Call
from passenger.copilot.learned import Learned
from passenger.copilot.lessons import BETAS, THINKING, Lesson, find_rejected, read_lesson
from passenger.copilot.rejected_fields import EFFORT_PATHS, EFFORTS, FORMS, betas_of, may_leave_out
from passenger.copilot.upstream import Reply, Upstream
from passenger.dialects.anthropic.betas import leave_out_betas
from passenger.dialects.thinking import MESSAGES_EFFORT, reform
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.jsontext.paths import leave_out, put_in
from passenger.jsontext.raw_object import RawObject

ROUNDS = 8
"""400s that one request is repeated after."""


class UnsupportedFieldFilter:
    """Wraps an upstream. With `strict` nothing is ever left out, and each 400 goes to the client."""

    def __init__(self, upstream: Upstream, learned: Learned, *, strict: bool) -> None:
        self._upstream = upstream
        self._learned = learned
        self._strict = strict

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`."""
        if self._strict:
            return await self._upstream.send(call, exchange)
        known = self._learned.lessons(call.seat, call.model, call.path)
        for _ in range(ROUNDS):
            sent = _without(known, call, exchange) if known else call
            try:
                return await self._upstream.send(sent, exchange)
            except Failure as failure:
                new = _read_new_lessons(failure, sent, known)
                if not new:
                    raise
            exchange.retries.append("learned")
            exchange.lessons += new
            await self._learned.learn(call.seat, call.model, call.path, new)
            known = (*known, *new)
        return await self._upstream.send(_without(known, call, exchange), exchange)


def _read_new_lessons(failure: Failure, sent: Call, known: tuple[str, ...]) -> tuple[str, ...]:
    """The lessons of a failure that were not known; the others have been applied already, or must not be."""
    if failure.status != 400:
        return ()
    taught = rejected_fields.read_rejection(failure, RawObject(sent.body), sent.headers)
    return tuple(lesson for lesson in taught if lesson not in known)


def _without(known: tuple[str, ...], call: Call, exchange: Exchange) -> Call:
    """The call without what the model is known to reject."""
    amended = AmendedRequest(known, call.body, call.headers, call.capabilities, call.path)
    exchange.drop(name for dropped in amended.dropped if (name := call.named(dropped)) is not None)
    return replace(call, body=amended.body, headers=amended.headers)


_ANY = 1 << 30
"""A thinking budget that only the answer's limit bounds."""


class AmendedRequest:
    """A request with lessons applied. `dropped` are Copilot's names of the fields that were left out.

    `path` is the path of the API that is asked.
    """

    def __init__(
        self, learned: Iterable[str], body: bytes, headers: Mapping[str, str], capabilities: Capabilities, path: str
    ) -> None:
        self.headers = headers
        self.dropped: list[str] = []
        self._lessons = [lesson for text in learned if (lesson := read_lesson(text)) is not None]
        self._document = RawObject(body)
        self._capabilities = capabilities
        self._effort = EFFORT_PATHS.get(path, MESSAGES_EFFORT)
        for lesson in self._lessons:
            self._apply(lesson)

    @property
    def body(self) -> bytes:
        """The body as it goes up; the same bytes if no lesson applied."""
        return self._document.encode()

    def _apply(self, lesson: Lesson) -> None:
        if lesson.path == (BETAS,):
            self._leave_out_beta(lesson.value or "")
        elif lesson.value is None and lesson.instead is not None:
            self._document.rename(lesson.path[0], lesson.instead)
        elif lesson.path == (THINKING, "type") and lesson.value in FORMS:
            self._think_otherwise(lesson)
        else:
            self._change(lesson)

    def _change(self, lesson: Lesson) -> None:
        place = find_rejected(lesson, self._document)
        if place is None or not may_leave_out(lesson, self._document):
            return
        if lesson.instead is not None and place in EFFORTS:
            put_in(self._document, place, lesson.instead)
        else:
            leave_out(self._document, place)
        self.dropped.append(".".join(place))

    def _think_otherwise(self, lesson: Lesson) -> None:
        """Switch to the other form of thinking; leave thinking out if that was rejected too."""
        if find_rejected(lesson, self._document) is None:
            return
        other = FORMS[lesson.value or ""]
        if any(one.path == lesson.path and one.value == other for one in self._lessons):
            self._document.drop(THINKING)
            self.dropped.append(THINKING)
            return
        capabilities = replace(
            self._capabilities, adaptive=other == "adaptive", max_budget=self._capabilities.max_budget or _ANY
        )
        lost, betas = reform(self._document, capabilities, self._effort)
        self.dropped += lost
        sent = betas_of(self.headers)
        self._set_betas([*sent, *(beta for beta in betas if beta not in sent)])

    def _leave_out_beta(self, beta: str) -> None:
        sent = betas_of(self.headers)
        if beta in sent:
            self._set_betas([name for name in sent if name != beta])
            self.dropped += leave_out_betas(self._document, [beta])

    def _set_betas(self, betas: list[str]) -> None:
        others = {name: value for name, value in self.headers.items() if name != BETAS}
        self.headers = others | ({BETAS: ",".join(betas)} if betas else {})
