"""What may be wrong between a client and Copilot, looked at part by part, each with what to type about it."""
