"""Evaluation of generated music, the same for every engine.

Nothing here trains a generator, and the classifiers trained here are never shipped.
"""
