"""Tables: the paper's rows beside ours, as CSV and LaTeX."""
