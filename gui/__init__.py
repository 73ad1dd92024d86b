"""The window: a separate process that shows the engine and controls it."""
