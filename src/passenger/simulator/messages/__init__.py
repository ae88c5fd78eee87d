"""Claude's own API as Copilot passes it on: `/v1/messages` and `/v1/messages/count_tokens`."""
