"""Coverage-guided fuzzing of whatever reads bytes that somebody else wrote: `make fuzz`, docs/fuzzing.md."""
