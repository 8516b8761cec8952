"""A lossy phrase-based translator between English and Vietnamese captions."""
