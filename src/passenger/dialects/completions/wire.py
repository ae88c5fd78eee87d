"""What Copilot's answers say of tokens, in one shape for streams, whole answers and relaying."""

from msgspec import Struct

from passenger.chat import Usage


class _PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class TokenCounts(Struct, gc=False):
    """`usage`; Gemini says `reasoning_tokens` at its top, the others among the completion's details."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    reasoning_tokens: int | None = None


class Bill(Struct, gc=False):
    """`copilot_usage`: what the answer costs, in billionths of an AI credit."""

    total_nano_aiu: int | None = None


def usage_of(counts: TokenCounts, bill: Bill | None) -> Usage:
    """The tokens in our words: what was reasoned is part of the output, also where it is counted beside the completion.

    Google's and xAI's models count it so (2026-11); the total tells, whoever the vendor is.
    """
    prompt, completion = counts.prompt_tokens_details, counts.completion_tokens_details
    read, said = counts.prompt_tokens or 0, counts.completion_tokens or 0
    reasoned = counts.reasoning_tokens or (completion.reasoning_tokens if completion else None) or 0
    return Usage(
        input=read,
        output=said + reasoned if counts.total_tokens == read + said + reasoned else said,
        cached=(prompt.cached_tokens if prompt else None) or 0,
        reasoning=reasoned,
        nano_credits=bill.total_nano_aiu if bill else None,
    )
