"""Claude Code's line about itself, which it sends as the first block of `system` and Anthropic's servers take out.

`x-anthropic-billing-header: cc_version=2.1.330.363; cc_entrypoint=cli;` is no instruction to a model. Some versions put
a new number in with each request, so that no cache ever finds the prompt again (seen 2026-11).
"""

from msgspec.structs import replace

from passenger.chat import Message, Part, Prompt, Text

NAME = "x-anthropic-billing-header"
"""What it is called where it is named as left out."""

BEGINNING = f"{NAME}:"


def without_attribution(prompt: Prompt) -> Prompt:
    """The prompt without the line; the very same where there is none."""
    match prompt.messages:
        case (Message("system", parts), *rest) if any(map(_is_attribution, parts)):
            kept = tuple(part for part in parts if not _is_attribution(part))
            first = (Message("system", kept),) if kept else ()
            return replace(prompt, messages=(*first, *rest), dropped=(*prompt.dropped, NAME))
        case _:
            return prompt


def _is_attribution(part: Part) -> bool:
    return isinstance(part, Text) and part.text.startswith(BEGINNING)
