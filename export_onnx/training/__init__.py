"""Training shared by all models: stages, checkpoints, metrics, several processes."""
