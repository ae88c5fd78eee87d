"""What Copilot's answers say of tokens, in one shape for streams, whole answers and relaying."""

from msgspec import Struct

from passenger.chat import Usage


class _PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class TokenCounts(Struct, gc=False):
    """`usage`; Gemini says `reasoning_tokens` at its top, and counts them beside the completion."""

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
    """The tokens in our words: what was reasoned is part of the output, also where the vendor adds it to the total."""
    prompt, completion = counts.prompt_tokens_details, counts.completion_tokens_details
    read, said = counts.prompt_tokens or 0, counts.completion_tokens or 0
    beside = counts.reasoning_tokens or 0
    return Usage(
        input=read,
        output=said + beside if beside and counts.total_tokens == read + said + beside else said,
        cached=(prompt.cached_tokens if prompt else None) or 0,
        reasoning=(completion.reasoning_tokens if completion else None) or beside,
        nano_credits=bill.total_nano_aiu if bill else None,
    )
