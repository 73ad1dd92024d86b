"""What the element transfer of the engine knows about emotion, fitted on rated piano music."""
