"""Training, evaluation and export of Stimmung's models (PyTorch); not needed to play."""
