"""Controllers: each connects one group of widgets with the engine or with files."""
