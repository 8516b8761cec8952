"""Files: written whole, locked, digested, read back or refused by name."""
