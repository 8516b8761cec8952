"""Training objectives that several systems share."""
