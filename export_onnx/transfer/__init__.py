"""Levels of the engine's element transfer for each emotion, fitted on rated piano music."""
