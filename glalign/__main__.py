"""`python -m glalign`: the command line."""

from glalign.cli import main

main()
