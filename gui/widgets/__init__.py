"""One visible thing per file. Widgets show values and emit signals; they know no engine."""
