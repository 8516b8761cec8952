"""The plan: every job and table of a configuration, without torch."""
