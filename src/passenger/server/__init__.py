"""The edge: who may come in, what becomes of a request, and how its answer goes down."""
