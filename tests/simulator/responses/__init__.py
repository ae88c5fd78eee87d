"""Tests of `/responses`, one file a source file."""
