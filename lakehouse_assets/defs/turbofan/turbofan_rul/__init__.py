"""Remaining useful life of engines: a use case, loaded by its declaration."""
