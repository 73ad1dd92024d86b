"""The built-in instrument: a SoundFont player, live in a process of its own, and into files."""
