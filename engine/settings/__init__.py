"""Settings: the performance, one run, presets, and where a dead engine resumes."""
