"""What Copilot is: its headers, errors and models, what its models reject, and the one way to it."""
