"""What several generators use: mood to music, harmony, melody, motifs, settings."""
