"""Embeddings as OpenAI, Google and Ollama spell them, as pure functions; Copilot has one API for all of them.

A dialect is a module that satisfies `Dialect`; `upstream_bodies` is what goes up, `read_vectors` reads what comes back.
"""

from passenger.embeddings import gemini, gemini_batch, ollama, ollama_old, openai
from passenger.embeddings.ask import Decode, Dialect, EmbedAsk, Vectors
from passenger.embeddings.upstream import MAX_INPUTS, PATH, read_vectors, upstream_bodies

__all__ = [
    "MAX_INPUTS",
    "PATH",
    "Decode",
    "Dialect",
    "EmbedAsk",
    "Vectors",
    "gemini",
    "gemini_batch",
    "ollama",
    "ollama_old",
    "openai",
    "read_vectors",
    "upstream_bodies",
]
