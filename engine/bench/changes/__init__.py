"""Random starts, stops, jumps, tempi and presets: no note may hang, the position must be right."""
