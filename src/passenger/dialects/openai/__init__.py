"""OpenAI's APIs: Chat Completions, Responses, the old text completions, and embeddings."""

from passenger.dialects import ClientFamily

CLIENTS = ClientFamily(vendor="OpenAI", base_path="/v1")
