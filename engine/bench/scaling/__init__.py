"""How cost grows: with trackers and hours."""
