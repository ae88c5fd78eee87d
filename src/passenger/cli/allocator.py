"""Lets memory that large bodies took go back to the system; hides the C library that would keep it.

glibc raises the size from which it maps memory of its own for each request as large ones are freed, up to 32 MB, and
what lies below that stays in a heap full of holes. A size that is set stays as it is: mallopt(3).
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As <malloc.h> numbers them."""

LARGE = 128 * 1024
"""Bytes from which memory is the system's again once it is freed; glibc's own default before it raises it."""

SPARE = 1024 * 1024
"""Bytes that may lie free at the heap's end."""


def give_back() -> None:
    """Set these for the whole process; nothing where the C library has no such thing."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, SPARE)
