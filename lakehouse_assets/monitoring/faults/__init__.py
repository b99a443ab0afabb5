"""Faults of the data, told apart from drift: what must be mended at the source, not learned."""
