"""The routes that answer without a model's words: lists of models, token counts, embeddings, and Passenger's own."""
