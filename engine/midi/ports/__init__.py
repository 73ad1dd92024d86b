"""MIDI ports: the protocol, and the drivers behind it."""
