"""Pre-trained releases: the catalogue, the files that a configuration needs, fetching and importing."""
