"""How much longer something takes with twice as much: enough measures to know, and no more."""

from collections.abc import Callable

MOST, CLEAR = 2.6, 2.2
"""What twice as much may cost by three measures of each, and by one of each; what is quadratic costs four times."""


def compared(once: float, again: Callable[[], float], twice: Callable[[], float]) -> float:
    """How many times as long the longer one takes, by the least of three measures of each.

    Fewer are made where they leave no doubt: what one measure says has to be clearer than what three of them agree on.
    The first body of a size pays for memory that later ones find.
    """
    short, long = [once], [twice()]
    for enough in (CLEAR, (CLEAR + MOST) / 2):
        if long[0] <= min(short) * enough:
            return long[0] / min(short)
        short.append(again())
    while min(long) > min(short) * MOST and len(long) < 3:
        long.append(twice())
    return min(long) / min(short)
