"""Day-ahead demand of meters: a use case, loaded by its declaration."""
