"""How many tokens a prompt has, where Copilot does not say; `docs/counting.md` tells how and how well."""
