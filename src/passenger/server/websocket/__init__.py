"""OpenAI Responses over WebSocket (https://developers.openai.com/api/docs/guides/websocket-mode)."""
