"""Counting the tokens of a prompt where Copilot does not; `docs/counting.md` explains how, and how well."""
