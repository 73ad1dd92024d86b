"""The emotion tracker: prepare, train, evaluate, export, verify."""
