"""GLAlign, and the towers, layers and losses that it shares with the baselines."""
