"""Whose beat is followed: our own, a MIDI clock's, an Ableton Link session's, JACK's.

Nothing is imported here: each source opens its devices itself.
"""
