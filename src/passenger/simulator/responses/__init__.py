"""OpenAI's Responses API as Copilot passes it on: `/responses` over HTTP."""
