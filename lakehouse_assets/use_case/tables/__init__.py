"""Contracts of the tables that every use case makes, as its declaration implies them."""
