"""A request without what its model was found not to take, or with what it takes instead."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from passenger.body import Body
from passenger.chat import Abilities
from passenger.copilot.lessons import BETAS, THINKING, Lesson, applies, read_lesson
from passenger.copilot.negotiation import EFFORTS, FORMS, betas_of, may_go
from passenger.copilot.paths import EFFORT_PATHS, MESSAGES_EFFORT, leave_out, put_in
from passenger.copilot.quirks.betas import leave_out_betas
from passenger.copilot.quirks.thinking import reform

_ANY = 1 << 30
"""A budget that only the answer's limit bounds."""


class Amended:
    """One request with some lessons applied; `dropped` are Copilot's names of what it does not get any more.

    `able` is what the catalogue says of the model, and `path` which of Copilot's APIs is asked.
    """

    def __init__(
        self, learned: Iterable[str], body: bytes, headers: Mapping[str, str], able: Abilities, path: str
    ) -> None:
        self.headers = headers
        self.dropped: list[str] = []
        self._lessons = [lesson for text in learned if (lesson := read_lesson(text)) is not None]
        self._document = Body(body)
        self._able = able
        self._effort = EFFORT_PATHS.get(path, MESSAGES_EFFORT)
        for lesson in self._lessons:
            self._apply(lesson)

    @property
    def body(self) -> bytes:
        """The very same bytes where nothing in it was learned."""
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
        place = applies(lesson, self._document)
        if place is None or not may_go(lesson, self._document):
            return
        if lesson.instead is not None and place in EFFORTS:
            put_in(self._document, place, lesson.instead)
        else:
            leave_out(self._document, place)
        self.dropped.append(".".join(place))

    def _think_otherwise(self, lesson: Lesson) -> None:
        """Think in the other form; where that is not taken either, do not think."""
        if applies(lesson, self._document) is None:
            return
        other = FORMS[lesson.value or ""]
        if any(one.path == lesson.path and one.value == other for one in self._lessons):
            self._document.drop(THINKING)
            self.dropped.append(THINKING)
            return
        able = replace(self._able, adaptive=other == "adaptive", max_budget=self._able.max_budget or _ANY)
        lost, betas = reform(self._document, able, self._effort)
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
