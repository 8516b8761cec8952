"""`python -m glalign`: the command line."""

from glalign.cli.main import main

main()
