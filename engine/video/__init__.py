"""Pictures: what a film or a camera suggests, and music that fits its cuts."""
