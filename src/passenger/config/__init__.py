"""The settings: what there is to set, where each value comes from, and where credentials may therefore go.

Nothing is imported here: `--help` needs `invocation`, the shared flags, alone.
"""
