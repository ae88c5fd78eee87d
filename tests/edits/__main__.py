"""How many random documents of each kind are edited and taken back to the byte: `python -m tests.edits 10000`.

It exits with 1 where one was not.
"""

import random
import sys
from collections.abc import Sequence

from passenger.edits.edit import UnreadableError
from passenger.edits.formats import EDITORS
from passenger.edits.steps import put, take_back
from tests.edits.kinds import KINDS, Kind


def outcome(kind: Kind, seed: int) -> str:
    """`same`, `refused` or `different`."""
    editor, text = EDITORS[kind.format], kind.make(random.Random(seed))
    try:
        after, steps = put(editor, text, kind.edits())
    except UnreadableError:
        return "refused"
    return "same" if take_back(editor, after, steps).text == text else "different"


def main(documents: int, names: Sequence[str]) -> int:
    """Count them, of all kinds or of those that are named."""
    different = 0
    for name in names or KINDS:
        kind = KINDS[name]
        found = [outcome(kind, seed) for seed in range(documents)]
        counts = {word: found.count(word) for word in ("same", "refused", "different")}
        different += counts["different"]
        print(
            f"{name:<16} {documents:>7} documents",
            *(f"{count:>7} {word}" for word, count in counts.items()),
            flush=True,
        )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(int(next(iter(sys.argv[1:]), "10000")), sys.argv[2:]))
