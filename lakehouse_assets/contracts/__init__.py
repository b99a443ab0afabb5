"""A table's contract (Open Data Contract Standard v3) and what follows from it: schema, checks, quarantine."""
