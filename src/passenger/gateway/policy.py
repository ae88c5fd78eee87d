"""What the settings say about every request to Copilot."""

from dataclasses import dataclass, field

from passenger.limits import Limits


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decide what becomes of a request: `[copilot]`, `[upstream]` and `[limits]` have them."""

    strict: bool = False
    side_requests: bool = True
    cache_marks: bool = True
    keep_attribution: bool = False
    searches: bool = False
    """Whether the web is searched for clients whose model cannot."""
    limits: Limits = field(default_factory=Limits)
    finish_dropped: bool = False
    """Whether a streamed answer that is to be stored is finished also if its client goes."""

    @property
    def keeps_attribution(self) -> bool:
        """Whether Claude Code's line about itself goes up; strict settings leave nothing out."""
        return self.keep_attribution or self.strict


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0
