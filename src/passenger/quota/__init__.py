"""What is left of the plan's quota, as Copilot and GitHub tell it."""
