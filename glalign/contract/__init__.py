"""What all other packages share: a system, its batch, a dataset's records, the five regions."""
