"""How cost grows: with trackers, hours and notes a second."""
