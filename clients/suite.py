"""What is to be said of a public test suite that was run: how many of its tests have passed, or which have not."""

import re

from clients.verdict import PASSED, Seen, last_words, plain

COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|deselected)\b")
FAILED = re.compile(r"^(?:FAILED|ERROR) \S+::(\S+)", re.MULTILINE)


def suite(seen: Seen) -> str:
    """`passed` with the number of tests, or those that failed, from what pytest says at its end."""
    if seen.looped or seen.ended.code is None:
        return f"no end after {len(seen.asked)} requests; {last_words(seen.ended)}"
    said = plain(seen.ended.stdout)
    counts = {what: int(number) for number, what in COUNT.findall(said.strip().rpartition("\n")[2])}
    if seen.ended.code or not counts.get("passed"):
        failed = ", ".join(FAILED.findall(said)) or last_words(seen.ended)
        return f"{counts.get('passed', 0)} passed, not these: {failed}"
    others = "".join(f", {counts[what]} {what}" for what in ("skipped", "deselected") if what in counts)
    return f"{PASSED} ({counts['passed']} tests{others})"
