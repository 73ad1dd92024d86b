"""How cost grows: with trackers, drafted bars, hours, notes a second and training processes."""
