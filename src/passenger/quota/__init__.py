"""What is left: of the plan's quota, as Copilot and GitHub tell it, and of the limits of a team."""
