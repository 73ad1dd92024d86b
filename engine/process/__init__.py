"""Child processes: how they are started, their pipes, and how often they are restarted."""
