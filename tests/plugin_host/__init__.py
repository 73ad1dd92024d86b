"""A CLAP host for tests, what it found out, and an engine's end that plays a known pattern."""
