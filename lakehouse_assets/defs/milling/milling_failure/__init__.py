"""Failures of milling machines: a use case, loaded by its declaration."""
