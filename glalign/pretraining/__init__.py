"""Pre-training of the tiny twins: what the demo profile has in place of weights that took others GPU-years."""
