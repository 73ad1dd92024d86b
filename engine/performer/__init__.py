"""The performer at a MIDI keyboard: what they play, in beats, and passed through."""
