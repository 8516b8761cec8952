"""Training and prediction: one loop for every system."""
