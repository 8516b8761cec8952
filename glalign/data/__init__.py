"""Datasets: records, readers, verification, splits, image store, training pairs."""
