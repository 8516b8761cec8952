"""The command line: what a person types, and the jobs of the workflow."""
