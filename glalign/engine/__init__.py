"""Training and scoring, the same for every system."""
