"""Files: atomic writes, locks, digests and strict readers."""
