"""What Copilot adds to the answers of all its APIs: `copilot_usage`, what an answer costs."""

from msgspec import Struct


class CopilotUsage(Struct, gc=False):
    """1e9 nano are one AI credit."""

    total_nano_aiu: int | None = None
