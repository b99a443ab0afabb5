"""Keeping a table well: fewer and sorted files, files that nobody needs removed, an earlier version brought back."""
