"""Music theory without sound: keys, chords, voicings, rhythms, plans."""
