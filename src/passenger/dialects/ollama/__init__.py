"""Ollama's API as clients speak it: `chat` (`/api/chat`) and `generate` (`/api/generate`), each a dialect of its own.

Facts: Ollama's API reference, its Go types (`api/types.go`), what its Python and JavaScript clients send and check,
and what other clients were seen to do (`docs/dialects/ollama.md`).
"""
