"""The command line: commands for people, and for the jobs of the workflow."""
