"""Tests of `/v1/messages`, one file a source file."""
