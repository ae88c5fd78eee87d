"""The seal of a thought, made and checked: `signature` in a `thinking` block, `data` in a `redacted_thinking` one."""

from typing import Literal

from passenger.simulator.seals import fingerprint, lock, unlock

SIZE = 132  # bytes, so that a signature is as long as a short real one

Verdict = Literal["good", "changed", "foreign"]


def sign(thinking: str, salt: str) -> str:
    """The seal of a thought as it is shown, the empty one of a thought that is not."""
    return lock(f"thinking|{fingerprint(thinking)}", salt, SIZE)


def verdict(thinking: str, signature: str) -> Verdict:
    """Whether a seal was made here, and for this thought."""
    kind, _, seal = (unlock(signature) or "").partition("|")
    if kind != "thinking":
        return "foreign"
    return "good" if seal == fingerprint(thinking) else "changed"
