"""Reading music from notes: beats, keys, chords."""
