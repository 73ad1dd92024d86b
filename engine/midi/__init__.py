"""MIDI out: the sender process, its ledger and ports, and MIDI files.

Nothing is imported here: the sender process must stay light.
"""
