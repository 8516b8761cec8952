"""Text: tokenizers, noun phrases and the keyword lexicons that map them to body regions."""
