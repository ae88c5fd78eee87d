"""Results in an order that tells which call each answers though no id does: those of one name as they were called."""

from fuzz.requests.plan import Answered


def in_order(results: tuple[Answered, ...]) -> tuple[Answered, ...]:
    """The results with the names where they were, and those of each name in the order of their calls."""
    waiting: dict[str, list[Answered]] = {}
    for result in sorted(results, key=lambda result: int(result.call.mark[4:-1])):
        waiting.setdefault(result.call.name, []).append(result)
    return tuple(waiting[result.call.name].pop(0) for result in results)
