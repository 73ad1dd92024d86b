"""The pure chain from sound to notes, and who drives it: player thread or offline."""
