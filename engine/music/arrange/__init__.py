"""From chords, density and loudness to playable parts: bass, chords, pad and drums."""
