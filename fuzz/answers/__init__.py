"""Answers that no model gave: a plan, told as each of Copilot's APIs streams it, faithfully but in odd ways.

Hypothesis draws them, for the laws in `tests/dialects/test_any_answer.py` and for the target `answers`.
"""
