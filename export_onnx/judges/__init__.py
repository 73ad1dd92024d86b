"""The measuring room: what judges generated music, for every engine alike.

Nothing here trains a generator, and what is learned here is never shipped.
"""
