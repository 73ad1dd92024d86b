"""Everything that listens on a network socket: OSC and the monitor page."""
