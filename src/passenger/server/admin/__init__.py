"""The team over HTTP, below `/v1/passenger/`: for keys of administration, and for people what is their own."""
