"""Emotion: what is heard (tracker) and what should be felt (target)."""
