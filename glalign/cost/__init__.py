"""What a plan costs before it runs: parameters, multiply-adds, memory, hours."""
