"""What every other room speaks of: a system, its batch, a dataset's records, the five regions."""
