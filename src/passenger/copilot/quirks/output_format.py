"""Says the shape of a relayed message's answer in the place that Copilot knows.

Facts: Anthropic's guide ("Structured outputs"): `output_format` is the older name of `output_config.format`.
"""

import msgspec

from passenger.body import Body
from passenger.copilot.paths import put_in


def move_output_format(body: Body) -> None:
    """Move `output_format` to `output_config.format`: the older name needs a beta that Copilot does not take (2026-11).

    Where both are said, the newer one holds.
    """
    form = body.inside("output_format")
    if form is None:
        return
    config = body.inside("output_config")
    if config is None or config.get("format") is None:
        put_in(body, ("output_config", "format"), msgspec.Raw(form.encode()))
    body.drop("output_format")
