"""Training, export and checks of MusER's networks."""
