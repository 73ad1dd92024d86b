"""One visible thing per file. Widgets show values and emit wishes; they know no engine."""
