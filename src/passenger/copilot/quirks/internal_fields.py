"""Fields of a `/responses` input that only OpenAI's own backend knows: Copilot refuses each as unknown (2026-11).

Codex takes whatever its built-in provider is pointed at for that backend, and stamps every item; it leaves the fields
out itself where the provider has another name (openai/codex, `codex-rs/core/src/client.rs`).
"""

from passenger.body import Body

NAMES = ("internal_chat_message_metadata_passthrough", "encrypted_function_args")
"""Bookkeeping of Codex: turns and times, and which arguments of a call are sealed. Nothing of it reaches a model."""


def leave_out_internal_fields(item: Body) -> None:
    """Take them out of one item; nothing is named, because nothing is lost."""
    for name in NAMES:
        item.drop(name)
