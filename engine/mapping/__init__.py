"""Mapping: what is heard to controllers and notes, and controllers and notes to settings."""
