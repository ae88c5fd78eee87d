"""Tests of what is kept and given again."""
