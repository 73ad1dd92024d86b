"""What `stimmung bench` compares with: eager PyTorch, shared training, a network of MERT's size."""
