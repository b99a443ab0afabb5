"""A lakehouse and the machine-learning lifecycle on it, as one Dagster asset graph."""
