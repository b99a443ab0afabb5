"""The night: which days are due, whose files are there, what runs, and what was asked for already."""
