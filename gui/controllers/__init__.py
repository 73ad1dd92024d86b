"""Desks: each connects one group of controls with the engine or with files."""
