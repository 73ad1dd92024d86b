"""MIDI input: receiver processes and their devices."""
