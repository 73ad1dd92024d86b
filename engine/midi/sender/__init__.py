"""The sender process that owns the MIDI output, and its client in the engine.

Nothing is imported here: the sender process must stay light.
"""
