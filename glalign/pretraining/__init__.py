"""Pre-training of the tiny twins, which the demo profile uses instead of large pre-trained weights."""
