"""Proof by a workstation that is not ours: Ardour records our notes while one follows the other."""
