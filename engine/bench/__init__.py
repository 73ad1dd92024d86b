"""What `stimmung bench` measures. Figures are for reading, never for passing a test."""
