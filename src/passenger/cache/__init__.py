"""The cache: answers that are kept, and equal requests at once that share one call. `docs/cache.md` says what for."""
