"""The window: a separate process that shows the engine and tells it what to play."""
