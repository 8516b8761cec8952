"""Rules over printed tables and quoted numbers: what cannot be, what disagrees, what is unlikely."""
