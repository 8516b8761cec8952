"""The page of results: one HTML file, made of tables, ranks and records, which works without a network."""
