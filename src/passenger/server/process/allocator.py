"""Makes glibc give the memory of large bodies back to the system, and keep a little.

As large blocks are freed, glibc raises the size from which it maps memory of its own for each, up to 32 MB; what lies
below that stays in a heap full of holes. A size that is set stays as it is: mallopt(3).

What a request of common size takes is kept for the next: to get it anew costs a page fault for each 4 KB.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""As <malloc.h> numbers them."""

LARGE = 128 * 1024
"""Bytes from which memory is the system's again once it is freed; glibc's own default before it raises it."""

SPARE = 4 * 1024 * 1024
"""Bytes that may lie free at the heap's end: the copies of a few bodies that are not large."""

STEP = 1024 * 1024
"""Bytes by which the heap grows, beyond what is asked for."""


def give_back() -> None:
    """Set these for the whole process; nothing where the C library has no such thing."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, SPARE)
        mallopt(M_TOP_PAD, STEP)
