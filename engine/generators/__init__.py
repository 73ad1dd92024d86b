"""Generators: emotion in, notes out. One folder each; `registry` is the table of them."""
