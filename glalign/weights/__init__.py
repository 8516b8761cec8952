"""Pre-trained files from outside: what there is, what a configuration needs, what is whole, how it comes."""
